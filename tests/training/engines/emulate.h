// Runs engines/fused.cu on a CPU: a thread block's threads take turns as fibers, and a warp's collectives are as the PTX
// manual defines them. It cannot see races: a fiber runs until it waits.
#pragma once
#include <setjmp.h>
#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define DEVICE inline
#define KERNEL extern "C" void
#define THREAD (emulated::current)
#define BLOCK (emulated::block)
#define SHARED unsigned char* const shared = emulated::memory
#define OPAQUE(x)
struct f2 { float x, y; };
struct alignas(16) f4 { float x, y, z, w; };
struct alignas(8) u2 { u32 x, y; };
struct alignas(16) u4 { u32 x, y, z, w; };

namespace emulated {
struct Barrier {
  int arrived = 0;
  long generation = 0;
};
struct Fiber {
  jmp_buf place;
  ucontext_t first;  // where it begins
  std::vector<char> stack;
  bool begun = false, done = false;
};
static Fiber fibers[32 * WARPS];
static ucontext_t home;
static int current;
static u32 block;
static Barrier all, warps[WARPS], some[16];
static uint64_t slots[32 * WARPS][8];  // what the lanes of a warp show each other
alignas(16) static unsigned char memory[256 * 1024];

static void go_to(int thread) {  // without a system call, unlike swapcontext
  current = thread;
  if (fibers[thread].begun) _longjmp(fibers[thread].place, 1);
  fibers[thread].begun = true;
  setcontext(&fibers[thread].first);
}
static void yield() {
  const int from = current;
  int to = from;
  do to = (to + 1) % (32 * WARPS);
  while (fibers[to].done && to != from);
  if (to != from && !_setjmp(fibers[from].place)) go_to(to);
}
static void wait(Barrier& barrier, int threads) {
  const long generation = barrier.generation;
  if (++barrier.arrived == threads) {
    barrier.arrived = 0;
    ++barrier.generation;
    return;
  }
  while (barrier.generation == generation) yield();
}
}  // namespace emulated

DEVICE void sync_all() { emulated::wait(emulated::all, 32 * WARPS); }
DEVICE void sync_some(int which, int threads) { emulated::wait(emulated::some[which], threads); }
DEVICE void sync_warp() { emulated::wait(emulated::warps[THREAD / 32], 32); }
DEVICE u32 bits_of(float x) { u32 y; memcpy(&y, &x, 4); return y; }
DEVICE float float_of(u32 x) { float y; memcpy(&y, &x, 4); return y; }
DEVICE u32 pack_upper(u32 a, u32 b) { return (b & 0xffff0000u) | (a >> 16); }
DEVICE float shuffle_xor(float x, int mask) {
  const int me = THREAD;
  emulated::slots[me][0] = bits_of(x);
  sync_warp();
  const float y = float_of((u32)emulated::slots[(me & ~31) | ((me & 31) ^ mask)][0]);
  sync_warp();
  return y;
}
DEVICE void load(u32* r, const void* row, bool transposed) {
  const int me = THREAD, lane = me & 31, base = me & ~31;
  const long offset = (const unsigned char*)row - emulated::memory;
  if (offset % 16 || offset < 0 || offset + 16 > (long)sizeof emulated::memory) {
    fprintf(stderr, "address of a row of matrices: %ld\n", offset);
    abort();
  }
  emulated::slots[me][0] = (uint64_t)row;
  sync_warp();
  for (int matrix = 0; matrix < 4; ++matrix) {
    u16 pair[2];
    for (int k = 0; k < 2; ++k) {
      const int row = transposed ? 2 * (lane % 4) + k : lane / 4, column = transposed ? lane / 4 : 2 * (lane % 4) + k;
      memcpy(&pair[k], (const char*)emulated::slots[base + 8 * matrix + row][0] + 2 * column, 2);
    }
    r[matrix] = (u32)pair[1] << 16 | pair[0];
  }
  sync_warp();
}
DEVICE void load_matrices(u32* r, const void* row) { load(r, row, false); }
DEVICE void load_transposed(u32* r, const void* row) { load(r, row, true); }
DEVICE float bfloat16_in(u32 word, int half) { return float_of(half ? word & 0xffff0000u : word << 16); }
DEVICE void multiply(float* c, const u32* a, const u32* b) {
  const int me = THREAD, lane = me & 31, base = me & ~31;
  for (int i = 0; i < 4; ++i) emulated::slots[me][i] = a[i];
  for (int i = 0; i < 2; ++i) emulated::slots[me][4 + i] = b[i];
  sync_warp();
  for (int i = 0; i < 4; ++i) {
    const int row = (lane >> 2) + (i >> 1) * 8, column = 2 * (lane & 3) + (i & 1);
    double sum = c[i];
    for (int k = 0; k < 16; ++k) {
      const int upper = k >= 8, word_a = (row >= 8) + 2 * upper;
      const float x = bfloat16_in((u32)emulated::slots[base + (row % 8) * 4 + (k % 8) / 2][word_a], k & 1);
      const float y = bfloat16_in((u32)emulated::slots[base + column * 4 + (k % 8) / 2][4 + upper], k & 1);
      sum += (double)x * y;
    }
    c[i] = (float)sum;
  }
  sync_warp();
}
DEVICE void multiply_half(float* c, const u32* a, const u32* b) {
  const u32 first[4] = {a[0], a[1], 0, 0}, second[2] = {b[0], 0};
  multiply(c, first, second);
}
DEVICE void store_if(bool p, float* to, float x) { if (p) *to = x; }
DEVICE void store_if(bool p, float* to, float x, float y) { if (p) to[0] = x, to[1] = y; }
DEVICE void store_if(bool p, u32* to, u32 x) { if (p) *to = x; }
DEVICE float fast_root(float x) { return sqrtf(x); }
DEVICE float fast_quotient(float x, float y) { return x / y; }

extern "C" void train(const Arguments given);
namespace emulated {
static const Arguments* given;
static void body() {
  train(*given);
  fibers[current].done = true;
  for (int i = 0; i < 32 * WARPS; ++i)
    if (!fibers[i].done) go_to(i);
  setcontext(&home);
}
}  // namespace emulated

// All members, one after the other.
extern "C" void emulate(const Arguments* arguments) {
  using namespace emulated;
  given = arguments;
  for (block = 0; block < given->members; ++block) {
    memset(memory, 0xFF, sizeof memory);  // what nobody wrote is no number
    for (auto& fiber : fibers) {
      fiber.begun = fiber.done = false;
      fiber.stack.resize(256 * 1024);
      getcontext(&fiber.first);
      fiber.first.uc_stack.ss_sp = fiber.stack.data();
      fiber.first.uc_stack.ss_size = fiber.stack.size();
      fiber.first.uc_link = nullptr;
      makecontext(&fiber.first, body, 0);
    }
    current = 0;
    fibers[0].begun = true;
    swapcontext(&home, &fibers[0].first);
  }
}
