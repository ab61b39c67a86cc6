/**
 * @module ivc-ring/node
 */
export {};
