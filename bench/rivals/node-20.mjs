/** What multithreading expects of its runtime, and Node.js 20 has not: preloaded into each of its threads. */
globalThis.navigator ??= { hardwareConcurrency: 2 };
Promise.withResolvers ??= function withResolvers() {
  const deferred = {};
  deferred.promise = new this((resolve, reject) => Object.assign(deferred, { resolve, reject }));
  return deferred;
};
