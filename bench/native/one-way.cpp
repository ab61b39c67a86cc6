/**
 * Queues of C++ in the one-way benchmark: frames from the main thread to a second one.
 *
 *     g++ -O3 -std=c++20 -pthread bench/native/one-way.cpp -o one-way
 *     ./one-way <queue> <frameSize> <nframes>        (frameSize 64, 256, 1024, 4096 or 65536)
 *
 * Says {"ready":true}, answers each line {"frames":n} on its standard input with {"ms":…}, from the first write until
 * the receiver has checked the last frame, and ends with its input. Between rounds both threads are blocked; within a
 * round both spin, without a pause, while the queue is full or empty. A frame that is not the expected one ends the
 * program with 1. If it was compiled without the queue's header, it says {"missing":"…"} instead.
 *
 * | queue      | what it is |
 * |------------|------------|
 * | boost      | boost::lockfree::spsc_queue (Debian: libboost-dev) |
 * | moodycamel | moodycamel::ReaderWriterQueue (Debian: libreaderwriterqueue-dev) |
 * | cached     | our own ring of the design of rigtorp/SPSCQueue: each side caches the other's index |
 * | batch      | our own ring, frames used in place, published and consumed 32 at a time |
 *
 * The first three copy: the sender numbers a message of its own and copies it in, the receiver copies it out and checks
 * that. The frame size is a constant of each queue's type, so the compiler knows the sizes of these copies.
 */
#define NDEBUG  // else ReaderWriterQueue checks in every call that it was not entered twice

#include <bit>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <type_traits>

#include "rings.hpp"

using Clock = std::chrono::steady_clock;

template <size_t SIZE>
struct alignas(64) Frame {
  uint8_t bytes[SIZE];
};

/** Numbers a frame: 32 bits, little-endian, at its start, and the lowest 8 again at its end. */
template <size_t SIZE>
void stamp(Frame<SIZE>& frame, uint32_t number) {
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(frame.bytes, &number, sizeof number);
  frame.bytes[SIZE - 1] = static_cast<uint8_t>(number);
}

/** Ends the program unless the frame is the one with this number. */
template <size_t SIZE>
void check(const Frame<SIZE>& frame, uint32_t number) {
  uint32_t found;
  std::memcpy(&found, frame.bytes, sizeof found);
  const uint8_t last = frame.bytes[SIZE - 1];
  if (found != number || last != static_cast<uint8_t>(number)) [[unlikely]] {
    std::fprintf(stderr, "expected frame %" PRIu32 ", got %" PRIu32 ", which ends with %u\n", number, found, last);
    std::_Exit(1);
  }
}

/** To the compiler, every byte of the frame may be read and changed here: so it must copy all of them. */
template <size_t SIZE>
void touch(Frame<SIZE>& frame) {
  asm volatile("" : "+m"(frame));
}

/** Moves frames through a queue whose `push` and `pop` copy one and answer whether they could. */
template <class Queue, size_t SIZE>
struct ByCopy {
  Queue queue;
  explicit ByCopy(size_t nframes) : queue(nframes) {}

  Clock::time_point send(uint32_t from, uint64_t n) {
    Frame<SIZE> message{};
    const auto start = Clock::now();
    for (uint64_t i = 0; i < n; i++) {
      stamp(message, from++);
      touch(message);
      while (!queue.push(message)) {
      }
    }
    return start;
  }

  void receive(uint32_t from, uint64_t n) {
    Frame<SIZE> into;
    for (uint64_t i = 0; i < n; i++) {
      while (!queue.pop(into)) {
      }
      touch(into);
      check(into, from++);
    }
  }
};

/** Numbers and checks frames in the slots of a ring, in batches. */
template <size_t SIZE>
struct InBatches {
  BatchRing<Frame<SIZE>> ring;
  explicit InBatches(size_t nframes) : ring(nframes, 32) {}

  Clock::time_point send(uint32_t from, uint64_t n) {
    const auto start = Clock::now();
    ring.send(n, [&from](Frame<SIZE>& frame) { stamp(frame, from++); });
    return start;
  }

  void receive(uint32_t from, uint64_t n) {
    ring.receive(n, [&from](const Frame<SIZE>& frame) { check(frame, from++); });
  }
};

/** Stands for a queue whose header was not found. */
struct Missing {};

#if __has_include(<boost/lockfree/spsc_queue.hpp>)
#include <boost/lockfree/spsc_queue.hpp>
template <size_t SIZE>
using Boost = ByCopy<boost::lockfree::spsc_queue<Frame<SIZE>>, SIZE>;
#else
template <size_t SIZE>
using Boost = Missing;
#endif

#if __has_include(<readerwriterqueue/readerwriterqueue.h>)
#include <readerwriterqueue/readerwriterqueue.h>
template <size_t SIZE>
struct ReaderWriterQueue {
  moodycamel::ReaderWriterQueue<Frame<SIZE>> queue;
  /** At least nframes: it rounds up, and has 2 × nframes − 1 slots if nframes is a power of two. */
  explicit ReaderWriterQueue(size_t nframes) : queue(nframes) {}
  bool push(const Frame<SIZE>& frame) { return queue.try_enqueue(frame); }
  bool pop(Frame<SIZE>& into) { return queue.try_dequeue(into); }
};
template <size_t SIZE>
using Moodycamel = ByCopy<ReaderWriterQueue<SIZE>, SIZE>;
#else
template <size_t SIZE>
using Moodycamel = Missing;
#endif

template <size_t SIZE>
using Cached = ByCopy<CachedQueue<Frame<SIZE>>, SIZE>;

/** Runs a round for each line of the standard input. */
template <class Contestant>
int rounds(size_t nframes) {
  const auto contestant = std::make_unique<Contestant>(nframes);
  std::binary_semaphore go{0}, polling{0}, done{0};
  uint64_t frames = 0;  // of the round; none: the end
  uint32_t from = 0;
  Clock::time_point end;

  std::thread receiver([&] {
    for (go.acquire(); frames > 0; go.acquire()) {
      polling.release();
      contestant->receive(from, frames);
      end = Clock::now();
      done.release();
    }
  });

  std::puts("{\"ready\":true}");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    if (std::sscanf(line.c_str(), " { \"frames\" : %" SCNu64, &frames) != 1 || frames == 0) {
      std::fprintf(stderr, "expected {\"frames\":n} with n > 0, got %s\n", line.c_str());
      std::_Exit(2);
    }
    go.release();
    polling.acquire();
    const auto start = contestant->send(from, frames);
    done.acquire();
    std::printf("{\"ms\":%.6f}\n", std::chrono::duration<double, std::milli>(end - start).count());
    std::fflush(stdout);
    from += static_cast<uint32_t>(frames);
  }
  frames = 0;
  go.release();
  receiver.join();
  return 0;
}

template <template <size_t> class Contestant>
int run(size_t frameSize, size_t nframes) {
  if constexpr (std::is_same_v<Contestant<64>, Missing>) {
    std::puts("{\"missing\":\"compiled without the header of this queue\"}");
    return 0;
  } else {
    switch (frameSize) {
      case 64: return rounds<Contestant<64>>(nframes);
      case 256: return rounds<Contestant<256>>(nframes);
      case 1024: return rounds<Contestant<1024>>(nframes);
      case 4096: return rounds<Contestant<4096>>(nframes);
      case 65536: return rounds<Contestant<65536>>(nframes);
    }
    std::fprintf(stderr, "expected frameSize to be 64, 256, 1024, 4096 or 65536, got %zu\n", frameSize);
    return 2;
  }
}

int main(int argc, char** argv) {
  const std::string queue = argc == 4 ? argv[1] : "";
  const size_t frameSize = argc == 4 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const size_t nframes = argc == 4 ? std::strtoull(argv[3], nullptr, 10) : 0;
  if (nframes > 0) {
    if (queue == "boost") return run<Boost>(frameSize, nframes);
    if (queue == "moodycamel") return run<Moodycamel>(frameSize, nframes);
    if (queue == "cached") return run<Cached>(frameSize, nframes);
    if (queue == "batch") return run<InBatches>(frameSize, nframes);
  }
  std::fputs("usage: one-way boost|moodycamel|cached|batch <frameSize> <nframes>\n", stderr);
  return 2;
}
