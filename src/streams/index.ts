/**
 * @module ivc-ring/streams
 */
export {};
