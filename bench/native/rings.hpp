/** Two rings of our own between one sender and one receiver: CachedQueue for copies, BatchRing for use in place. */
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

/** What different threads write is so far apart: two cache lines, since processors fetch them in pairs. */
constexpr size_t APART = 128;

/**
 * The design that rigtorp/SPSCQueue made known: each side keeps a copy of the other's index, and looks at the index
 * itself only if the ring is full or empty by that copy. It is empty if both indices are equal, so it has one slot more
 * than it holds items. Every index and copy has cache lines of its own.
 */
template <class T>
class CachedQueue {
 public:
  explicit CachedQueue(size_t capacity) : nslots(capacity + 1), slots(nslots) {}

  bool push(const T& item) {
    const size_t index = tail.load(std::memory_order_relaxed);
    const size_t next = after(index);
    if (next == cachedHead) {
      cachedHead = head.load(std::memory_order_acquire);
      if (next == cachedHead) return false;
    }
    slots[index] = item;
    tail.store(next, std::memory_order_release);
    return true;
  }

  bool pop(T& into) {
    const size_t index = head.load(std::memory_order_relaxed);
    if (index == cachedTail) {
      cachedTail = tail.load(std::memory_order_acquire);
      if (index == cachedTail) return false;
    }
    into = slots[index];
    head.store(after(index), std::memory_order_release);
    return true;
  }

 private:
  size_t after(size_t index) const { return index + 1 == nslots ? 0 : index + 1; }

  const size_t nslots;
  std::vector<T> slots;
  alignas(APART) std::atomic<size_t> tail = 0;  // where the sender writes next
  alignas(APART) size_t cachedHead = 0;         // the sender's
  alignas(APART) std::atomic<size_t> head = 0;  // where the receiver reads next
  alignas(APART) size_t cachedTail = 0;         // the receiver's
};

/**
 * Items are filled and read in their slots. A side waits until a batch, or all that is left to it, can go at once, and
 * stores its count once for all of them. The counts run freely, so every slot is used.
 */
template <class T>
class BatchRing {
 public:
  BatchRing(size_t capacity, size_t batch) : slots(capacity), batch(std::min(batch, capacity)) {}

  /** Sends n items, each filled by `fill(item)`. */
  template <class Fill>
  void send(uint64_t n, Fill fill) {
    move(sender, receiver, slots.size(), n, fill);
  }

  /** Receives n items, each used by `use(item)`. */
  template <class Use>
  void receive(uint64_t n, Use use) {
    move(receiver, sender, 0, n, use);
  }

 private:
  struct Side {
    alignas(APART) std::atomic<uint64_t> count = 0;  // items ever published, or consumed
    alignas(APART) uint64_t peerCount = 0;           // the peer's count, when it was last looked at
    size_t position = 0;                             // slot of the next item
  };

  /** A side may be `lead` items ahead of its peer: the sender by all slots, the receiver by none. */
  template <class Action>
  void move(Side& own, const Side& peer, uint64_t lead, uint64_t n, Action action) {
    uint64_t count = own.count.load(std::memory_order_relaxed);
    uint64_t peerCount = own.peerCount;
    size_t position = own.position;
    for (const uint64_t end = count + n; count != end;) {
      const uint64_t size = std::min(batch, end - count);
      while (peerCount + lead - count < size) peerCount = peer.count.load(std::memory_order_acquire);
      for (uint64_t i = 0; i < size; i++) {
        action(slots[position]);
        position = position + 1 == slots.size() ? 0 : position + 1;
      }
      count += size;
      own.count.store(count, std::memory_order_release);
    }
    own.peerCount = peerCount;
    own.position = position;
  }

  std::vector<T> slots;
  const uint64_t batch;
  Side sender;
  Side receiver;
};
