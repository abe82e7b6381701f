// Many training steps of one small network in one thread block, wholly on chip: the mathematics of
// regimes/supervised.py, regimes/descent.py and models/mlp.py for NVIDIA GPUs from compute capability 8.0 on.
//
// WHAT IS COMPUTED, for each step of a member (h_0 the picture of a row, z a layer's drive, f the activation):
//   h_l = gate_l . f(W_l h_(l-1) + b_l)          gate: inverted dropout, 0 or 1 / (1 - rate)
//   d_out = (W_out h_L + b_out - answer) / 2 . weight of the row,     d_l = gate_l . f'(z_l) . (W_(l+1)' d_(l+1))
//   g_l = sum over rows of d_l h_(l-1)'  + 2 l2 W_l,                  Adam as Keras has it
// A bias is one more column of its kernel, whose input is a constant 1. All of it is float32; layer 1 runs on tensor
// cores and is float32 nevertheless: pictures are small numbers, exact in bfloat16, and the other factor is cut into
// three bfloat16 terms whose sum is the float32. Randomness is bit for bit that of mirrorjax/randomness.py.
//
// WHO DOES WHAT. 32 * WARPS threads train one member; a step has three barriers.
//   rows    each row group (some warps) takes its rows of the batch from the pictures to the slopes of layer 1, and sums
//           its rows' part of the later layers' gradients; it waits for nobody else
//   (A)
//   tiles   layer 1's gradient in tiles of 16 units x 8 columns; the thread that holds a gradient in its accumulator owns
//           the weight and both moments in registers, and updates them on the spot
//   (B)
//   flat    all other weights (layer 1's units beyond a multiple of 16, and later layers') are updated in shared memory;
//           the next rows become pictures and answers
//   (C)
// The last warp looks up, one step ahead, which rows come next.
//
// WHERE A MEMBER LIES. In device memory a member's tensors are as JAX has them: kernels [units, inputs], biases [units].
// Here its parameters have one flat order: a unit of layer 1 takes FIRST_STRIDE numbers (100 weights, bias, filler), one
// of a later layer LATER_STRIDE (weights, bias, filler if need be). Shared memory is laid out by the AT_ constants.
//
// Compiled for a shape: WIDTH units a layer, DEPTH layers, BATCH rows, WARPS of a member, MEMBERS on a multiprocessor,
// ACTIVATION, whether the rows' KNOBS are turned, whether players' codes are PERMUTED. With EMULATED defined the same
// source is C++ for a CPU, which the tests compare with the product's own step.

#if !defined(WIDTH) || !defined(DEPTH) || !defined(BATCH) || !defined(WARPS) || !defined(MEMBERS)
#error "a shape is needed"
#endif
#define RELU 0
#define TANH 1
#define GELU 2
#define IDENTITY 3
#ifndef ACTIVATION
#define ACTIVATION RELU
#endif
#ifndef KNOBS
#define KNOBS 0
#endif
#ifndef PERMUTED
#define PERMUTED 0
#endif

typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

#define MAX_TENSORS 8
struct Arguments {               // as in engines/fused.py; arrays over members unless said otherwise
  float* state[3][MAX_TENSORS];  // parameters, first and second moments: kernel and bias of hidden_1 .., output
  int* count;                    // updates done
  u8* alive;
  const u32* order;  // [members][2], as is the next
  const u32* dropout_stream;
  const float* learning_rate;
  const float* dropout;
  const float* l2;
  const int* batch_size;
  const u32* first_row;
  const u32* train_rows;
  const float* knobs[8];  // in the order of the struct Knobs
  const u32* start;       // steps
  const u32* stop;
  const u32* rows;  // [rows][2], packed
  u32 members;
  u32 filler;
};

#ifdef EMULATED
#include "emulate.h"
#else
#define DEVICE __device__ __forceinline__
#define KERNEL extern "C" __global__ void __launch_bounds__(32 * WARPS, MEMBERS)
#define THREAD ((int)threadIdx.x)
#define BLOCK ((u32)blockIdx.x)
#define SHARED extern __shared__ __align__(16) u8 shared[]
typedef float2 f2;
typedef float4 f4;
typedef uint2 u2;
typedef uint4 u4;
// Keeps the compiler from computing all that follows from a value once, before the loop, into registers it lacks.
#define OPAQUE(x) asm volatile("" : "+r"(x))
DEVICE void sync_all() { __syncthreads(); }
DEVICE void sync_warp() { __syncwarp(); }
DEVICE void sync_some(int which, int threads) { asm volatile("bar.sync %0, %1;" ::"r"(which + 1), "r"(threads) : "memory"); }
DEVICE float shuffle_xor(float x, int mask) { return __shfl_xor_sync(0xffffffffu, x, mask); }
DEVICE u32 pack_upper(u32 a, u32 b) { return __byte_perm(a, b, 0x7632); }  // the upper halves side by side
DEVICE u32 bits_of(float x) { return __float_as_uint(x); }
DEVICE float float_of(u32 x) { return __uint_as_float(x); }
DEVICE u32 address_of(const void* p) { return (u32)__cvta_generic_to_shared(p); }
DEVICE void load_matrices(u32* r, const void* row) {  // four of 8 x 8 bfloat16; each lane gives a row's address
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address_of(row)) : "memory");
}
DEVICE void load_transposed(u32* r, const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address_of(row)) : "memory");
}
DEVICE void multiply(float* c, const u32* a, const u32* b) {  // c [16, 8] += a [16, 16] b [16, 8]
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
DEVICE void multiply_half(float* c, const u32* a, const u32* b) {  // the first eight of the sixteen
  asm("mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(b[0]));
}
DEVICE float fast_root(float x) { float y; asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x)); return y; }
DEVICE float fast_quotient(float x, float y) { float z; asm("div.approx.ftz.f32 %0, %1, %2;" : "=f"(z) : "f"(x), "f"(y)); return z; }
// Stores that keep what is stored out of a branch.
DEVICE void store_if(bool p, float* to, float x) {
  asm volatile("{ .reg .pred p; setp.ne.u32 p, %2, 0; @p st.shared.f32 [%0], %1; }"
               ::"r"(address_of(to)), "f"(x), "r"((u32)p) : "memory");
}
DEVICE void store_if(bool p, float* to, float x, float y) {
  asm volatile("{ .reg .pred p; setp.ne.u32 p, %3, 0; @p st.shared.v2.f32 [%0], {%1, %2}; }"
               ::"r"(address_of(to)), "f"(x), "f"(y), "r"((u32)p) : "memory");
}
DEVICE void store_if(bool p, u32* to, u32 x) {
  asm volatile("{ .reg .pred p; setp.ne.u32 p, %2, 0; @p st.shared.u32 [%0], %1; }"
               ::"r"(address_of(to)), "r"(x), "r"((u32)p) : "memory");
}
#endif

// ------------------------------------------------------------------------------------------------------------ shape

constexpr int INPUTS = 100, OUTPUTS = 4, CELLS = 32;
constexpr int THREADS = 32 * WARPS;
constexpr bool SLOPES_KEPT = ACTIVATION != RELU;  // relu's slope is seen by its value; others' are kept beside it
constexpr float BETA_1 = 0.9f, BETA_2 = 0.999f, EPSILON = 1e-7f, DIVERGED = 1e4f;  // as in regimes/descent.py

DEVICE constexpr int groups_of(int most) {  // row groups: at most one for each eight rows, each of as many warps
  int groups = WARPS < most ? WARPS : most;
  while (WARPS % groups) --groups;
  return groups;
}
constexpr int GROUPS = groups_of((BATCH + 7) / 8);
constexpr int GROUP_WARPS = WARPS / GROUPS, GROUP_THREADS = 32 * GROUP_WARPS;
constexpr int GROUP_ROWS = (BATCH + GROUPS - 1) / GROUPS;                           // at most
constexpr int AT_ONCE = GROUP_WARPS > 1 ? 2 : 3;                                    // rows of a later layer's product
constexpr int ROW_TILES = (GROUP_ROWS + AT_ONCE - 1) / AT_ONCE;

constexpr int FIRST_STRIDE = INPUTS + 2;                                            // of a unit in the flat order
constexpr int LATER_STRIDE = (WIDTH + 2) / 2 * 2;
constexpr int FOURS = (WIDTH + 4) / 4, UNIT_STRIDE = 4 * (FOURS | 1);               // in shared memory: an odd number of fours
constexpr int UNIT_FOURS = (WIDTH + 3) / 4;
constexpr int LATER_UNITS = (DEPTH - 1) * WIDTH + OUTPUTS;
constexpr int LATER_AT = WIDTH * FIRST_STRIDE, LATER = LATER_UNITS * LATER_STRIDE;  // numbers of the later layers
constexpr int PARAMETERS = LATER_AT + LATER;
constexpr int FULL = WIDTH / 16, OVER = WIDTH % 16;                                 // sixteens of layer 1's units, and the rest
constexpr int UNIT_TILES = FULL + (OVER > 0), WARP_UNIT_TILES = (UNIT_TILES + GROUP_WARPS - 1) / GROUP_WARPS;
constexpr int COLUMN_TILES = 13;                                                    // eights of layer 1's columns, bias among them
constexpr int TILES = FULL * COLUMN_TILES, SLOTS = TILES ? (TILES + WARPS - 1) / WARPS : 1;
constexpr int FLAT_FROM = FULL * 16 * FIRST_STRIDE / 2;                             // in pairs of numbers
constexpr int FLAT = PARAMETERS / 2 - FLAT_FROM, OVER_PAIRS = OVER * (FIRST_STRIDE / 2);
constexpr bool BY_GROUP = WIDTH <= 24;  // later gradients: a part by each row group, else whole by all warps
constexpr int PARTS = BY_GROUP ? GROUPS : 1;
static_assert(1 <= BATCH && BATCH <= 32 && 1 <= DEPTH && DEPTH <= 3 && 1 <= WIDTH && WIDTH <= 64 && OVER <= 8, "no such shape");

// ---------------------------------------------------------------------------------------------------- shared memory

// Bytes of a row of bfloat16: odd multiples of sixteen, so that eight rows lie in different banks.
constexpr int WEIGHT_ROW = 208, PICTURE_ROW = 208, SLOPE_ROW = 16 * ((WIDTH + 7) / 8 | 1);
DEVICE constexpr int up16(int bytes) { return (bytes + 15) / 16 * 16; }
constexpr int AT_WEIGHTS = 0;                                              // bfloat16 [3 terms][WIDTH][104] of layer 1
constexpr int AT_PICTURES = AT_WEIGHTS + 3 * WIDTH * WEIGHT_ROW;           // bfloat16 [BATCH][104]
constexpr int AT_SLOPES_1 = AT_PICTURES + BATCH * PICTURE_ROW;             // bfloat16 [3 terms][BATCH + 1][..]; a last row of zeros
constexpr int AT_GRADIENTS = AT_SLOPES_1 + 3 * (BATCH + 1) * SLOPE_ROW;    // float [OVER][FIRST_STRIDE], [PARTS][LATER]
constexpr int AT_LATER = AT_GRADIENTS + up16(4 * (OVER * FIRST_STRIDE + PARTS * LATER));  // float [LATER_UNITS][UNIT_STRIDE] weights
constexpr int AT_MOMENTS = AT_LATER + LATER_UNITS * UNIT_STRIDE * 4;       // float [2][FLAT][2]
constexpr int AT_OVER = AT_MOMENTS + up16(FLAT * 16);                      // float [OVER][FIRST_STRIDE] weights
constexpr int AT_UNITS = AT_OVER + up16(OVER * FIRST_STRIDE * 4);          // float [DEPTH][BATCH][UNIT_STRIDE]: h, 1, zeros
constexpr int UNITS_BYTES = DEPTH * BATCH * UNIT_STRIDE * 4;
constexpr int AT_CHAIN = AT_UNITS + UNITS_BYTES;                           // the same of gate . f'(z), where kept
constexpr int AT_SLOPES = AT_CHAIN + SLOPES_KEPT * UNITS_BYTES;            // float [DEPTH - 1][BATCH][UNIT_STRIDE] of layers 2 ..
constexpr int AT_ERRORS = AT_SLOPES + (DEPTH - 1) * BATCH * UNIT_STRIDE * 4;  // float [BATCH][4] slopes of the outputs
constexpr int AT_ROWS = AT_ERRORS + up16(BATCH * 16);                      // u32 [32][2] packed
constexpr int AT_ANSWERS = AT_ROWS + 256;                                  // int [32]: of the rule, and 4 x of one who is alone
constexpr int AT_PERMUTE = AT_ANSWERS + 128;                               // u32 [8][2] pivots and salts of this pass
constexpr int AT_SKIES = AT_PERMUTE + 64;                                  // u32 [8]
constexpr int AT_FACTS = AT_SKIES + 32;
constexpr int AT_KNOBS = AT_FACTS + 96;
constexpr int AT_AHEAD = AT_KNOBS + 32;                                    // of the next sixteen steps
constexpr int AT_LOSSES = AT_AHEAD + 256;                                  // float [WARPS]
constexpr int SHARED_BYTES = AT_LOSSES + up16(4 * WARPS);
static_assert(SHARED_BYTES >= 8 * FLAT_FROM && SHARED_BYTES <= 227 * 1024, "more shared memory than there is");
#ifdef EMULATED
extern "C" int shared_bytes() { return SHARED_BYTES; }
#endif

struct alignas(16) Facts {  // what a member is, and where it stands; registers are scarce
  u32 threshold;            // that a draw of dropout has to reach
  float scale;              // of what is kept
  int size;                 // rows of its batch
  float row_weight;
  u32 stream[2], order[2];
  u32 rows, first_row, steps_a_pass, pass, place;
  int count;  // at step 0
  float learning_rate, l2;
};
struct alignas(16) Knobs {
  float congruence, dependency, edge, veil_symbol, veil_role, mask, skies, shuffled;
};
struct alignas(16) Ahead {  // of one step
  u32 stream[2];            // of dropout
  float rate;               // Adam's
};
static_assert(sizeof(Facts) <= 96 && sizeof(Knobs) == 32, "the layout has no room");

// ------------------------------------------------------------------------------------------------------- randomness

constexpr u32 GOLDEN = 0x9E3779B9u, MULTIPLIER_1 = 0x21F0AAADu, MULTIPLIER_2 = 0xD35A2D97u;
DEVICE u32 mix(u32 x) {
  x = (x ^ (x >> 16)) * MULTIPLIER_1;
  x = (x ^ (x >> 15)) * MULTIPLIER_2;
  return x ^ (x >> 15);
}
DEVICE u32 word_at(u32 x, u32 second) {  // x: the stream's first word + counter * GOLDEN
  x = ((x ^ (x >> 16)) * MULTIPLIER_1) ^ second;
  x = (x ^ (x >> 15)) * MULTIPLIER_2;
  return x ^ (x >> 15);
}
DEVICE void substream(const u32* stream, u32 counter, u32* own) {
  const u32 first = mix(stream[0] + counter * GOLDEN);
  own[0] = mix(first ^ stream[1]);
  own[1] = mix(first + (stream[1] ^ 0x5851F42Du));
}
DEVICE float draw(u32 first, u32 second, u32 purpose) {
  return (float)(word_at(first + purpose * GOLDEN, second) >> 8) * (1.0f / 16777216.0f);
}

// ------------------------------------------------------------------------------------- rows, pictures, right answers

enum Act { HOP, JUMP, LEAP, HELP };
enum Purpose { WHETHER = 1, WHICH, VEILED, SEAT, UNMASKED };  // of a row's draws, as in dataset/knobs.py
constexpr int FROG = 4, TOAD = 5, DISTRESS = 9;

// The bits of a number that bfloat16 has, in the lower half.
DEVICE u32 bfloat16_of(float x) { return bits_of(x) >> 16; }

struct Board {
  u32 ground;
  int frog, toad, symbol, energy;  // columns; Toad's symbol off rough ground; Frog's energy
  DEVICE bool rough(int column) const { return (ground >> column) & 1; }
  DEVICE int frog_shown() const { return rough(frog) ? DISTRESS : FROG; }
  DEVICE int toad_shown() const { return rough(toad) ? DISTRESS : symbol; }
};

DEVICE int answer_of(const Board& board, bool congruent, bool edge, bool toad_seen) {
  const bool toad = board.toad_shown() == DISTRESS;
  const bool frog = board.frog == board.toad ? toad : board.rough(board.frog), other = toad && toad_seen;
  const int next = board.frog + 1 < CELLS - 1 ? board.frog + 1 : CELLS - 1;
  const bool helps = (board.frog == CELLS - 1 && edge) || (board.frog >= 26 && !frog && other) || (congruent && (frog || other));
  return board.energy == 0 ? JUMP : helps ? HELP : board.rough(next) && board.frog + 5 < CELLS - 1 ? LEAP : HOP;
}

DEVICE Board unpacked(u2 words) {
  const u32 rest = words.y;
  const int index = (rest >> 13) & 15;
  Board board;
  board.ground = words.x;
  board.frog = rest & 31;
  board.toad = (rest >> 5) & 31;
  board.symbol = (int)((rest >> 10) & 7) + TOAD;
  board.energy = index < 2 ? index : 2 * index - 2;
  return board;
}

// How a player is seen.
DEVICE u32 code_of(int shown, bool veiled) {
  float code = veiled && shown != DISTRESS ? 4.5f : (float)shown;
  if (PERMUTED)
    code = code == 4.0f ? 7.0f : code == 4.5f ? 8.0f : code == 5.0f ? 9.0f : code == 6.0f ? 5.0f : code == 7.0f ? 8.0f
         : code == 8.0f ? 4.0f : 6.0f;
  return bfloat16_of(code);
}

// The players' cells of a row, its own numbers, and what is right on it.
DEVICE void players(u8* shared, u2 words, int row) {
  u16* const cells = (u16*)(shared + AT_PICTURES + row * PICTURE_ROW) + CELLS;
  u4 zero;
  zero.x = zero.y = zero.z = zero.w = 0;
#pragma unroll
  for (int i = 0; i < 4; ++i) ((u4*)cells)[i] = zero;
  const Board board = unpacked(words);
  bool veiled = false;
  u4 own;  // symbol, energy, score, column; the bias' one
  own.x = bfloat16_of((float)board.energy) << 16;
  own.y = 0;
  own.z = bfloat16_of(1.0f);
  own.w = 0;
  int answer, alone;
#if KNOBS
  const Knobs& knobs = *(const Knobs*)(shared + AT_KNOBS);
  veiled = draw(words.x, words.y, VEILED) < knobs.veil_symbol;
  const bool toads = draw(words.x, words.y, SEAT) < knobs.veil_role / 2;
  if (draw(words.x, words.y, UNMASKED) >= knobs.mask) {
    const int shown = toads ? board.toad_shown() : board.frog_shown();
    own.x |= bfloat16_of(veiled && shown != DISTRESS ? 4.5f : (float)shown);
    own.y = bfloat16_of((float)(toads ? board.toad : board.frog)) << 16;
  }
  Board mine = board;
  if (toads) {
    mine.frog = board.toad;
    mine.toad = board.frog;
    mine.symbol = TOAD;
  }
  const bool congruent = draw(words.x, words.y & 0x1FFFu, 0) < knobs.congruence, edge = knobs.edge > 0;
  answer = answer_of(mine, congruent, edge, true);
  alone = answer_of(mine, congruent, edge, false);
  if (draw(words.x, words.y, WHETHER) < knobs.shuffled) {
    const float which = draw(words.x, words.y, WHICH);
    answer = alone = (which >= 0.404f) + (which >= 0.404f + 0.385f) + (which >= 0.404f + 0.385f + 0.155f);
  }
#else
  answer = alone = answer_of(board, false, true, true);
#endif
  cells[board.frog] = (u16)code_of(board.frog_shown(), veiled);
  cells[board.toad] = (u16)code_of(board.toad_shown(), veiled);
  ((u4*)cells)[8] = own;
  ((int*)(shared + AT_ANSWERS))[row] = answer | alone << 2;
}

// Thirty-two cells from a mask: `base` where a bit is not set, with `more` added where it is (two cells a word).
DEVICE void cells_of(u4* to, u32 mask, u32 base, u32 more) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    u32 x[4];
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const u32 two = mask >> (8 * i + 2 * k) & 3u;
      x[k] = ((two * 0x8001u) & 0x00010001u) * more + base;
    }
    u4 all;
    all.x = x[0];
    all.y = x[1];
    all.z = x[2];
    all.w = x[3];
    to[i] = all;
  }
}

// The rows of a step as pictures: ground (1 or 2), flies (0 or 3), and the rest. Lane = row; three warps share it.
DEVICE void pictures(u8* shared, int warp, int row) {
  if (row >= BATCH) return;
  const u2 words = ((u2*)(shared + AT_ROWS))[row];
  u4* const picture = (u4*)(shared + AT_PICTURES + row * PICTURE_ROW);
#pragma unroll 1
  for (int part = warp; part < 3; part += WARPS) {
    if (part == 1) {
      players(shared, words, row);
    } else {
      u32 mask = words.x, base = 0x3F803F80u, more = 0x80u;
      if (part == 2) {
        u32 sky = (words.y >> 17) & 7;
#if KNOBS
        sky %= (u32)((const Knobs*)(shared + AT_KNOBS))->skies;
#endif
        mask = ((u32*)(shared + AT_SKIES))[sky];
        base = 0;
        more = 0x4040u;
      }
      cells_of(picture + 4 * part, mask, base, more);
    }
  }
}

// Which rows come when: the member's order in this pass over its data; by one warp.
DEVICE void new_pass(u8* shared, const Facts& facts, int lane) {
  u32 stream[2];
  substream(facts.order, facts.pass, stream);
  if (lane < 16) {
    const u32 drawn = word_at(stream[0] + (u32)lane * GOLDEN, stream[1]);
    ((u32*)(shared + AT_PERMUTE))[lane] = lane & 1 ? drawn : drawn % facts.rows;
  }
  sync_warp();
}
DEVICE u32 swap_or_not(u32 index, u32 pivot, u32 salt, u32 rows) {
  const u32 partner = pivot >= index ? pivot - index : pivot + (rows - index);
  return mix((index > partner ? index : partner) ^ salt) >> 31 ? partner : index;
}
DEVICE u2 row_ahead(const u8* shared, const Facts& facts, const u32* rows, int lane) {  // lane = row of the batch
  const u32 size = (u32)facts.size;
  u32 index = facts.place * size + ((u32)lane < size ? (u32)lane : size - 1);
  const u4* constants = (const u4*)(shared + AT_PERMUTE);
#pragma unroll
  for (int round = 0; round < 4; ++round) {
    const u4 two = constants[round];
    index = swap_or_not(index, two.x, two.y, facts.rows);
    index = swap_or_not(index, two.z, two.w, facts.rows);
  }
  return ((const u2*)rows)[facts.first_row + index];
}

// ------------------------------------------------------------------------------------------------ where weights are

// A flat parameter's place among the member's tensors; null for filler.
DEVICE float* locate(float* const* tensors, u32 member, int number) {
  int layer = 0, units = WIDTH, inputs = INPUTS, stride = FIRST_STRIDE, rest = number;
  if (number >= LATER_AT) {
    inputs = WIDTH;
    stride = LATER_STRIDE;
    rest -= LATER_AT;
    for (layer = 1; layer < DEPTH && rest >= WIDTH * LATER_STRIDE; ++layer) rest -= WIDTH * LATER_STRIDE;
    if (layer == DEPTH) units = OUTPUTS;
  }
  const int unit = rest / stride, column = rest % stride;
  if (column < inputs) return tensors[2 * layer] + (size_t)member * (units * inputs) + unit * inputs + column;
  return column == inputs ? tensors[2 * layer + 1] + (size_t)member * units + unit : nullptr;
}

// Three bfloat16 in upper halves, whose sum is x.
DEVICE void cut(float x, u32& high, u32& middle, u32& low) {
  high = bits_of(x) & 0xffff0000u;
  const float rest = x - float_of(high);
  middle = bits_of(rest) & 0xffff0000u;
  low = bits_of(rest - float_of(middle));
}
DEVICE void store_cut(u8* at, int stride, float a, float b, bool real = true) {  // two neighbours, in all three terms' places
  u32 high[2], middle[2], low[2];
  cut(a, high[0], middle[0], low[0]);
  cut(b, high[1], middle[1], low[1]);
  store_if(real, (u32*)at, pack_upper(high[0], high[1]));
  store_if(real, (u32*)(at + stride), pack_upper(middle[0], middle[1]));
  store_if(real, (u32*)(at + 2 * stride), pack_upper(low[0], low[1]));
}

struct Place {  // of a pair of the flat part
  int at;       // where products look for it
  bool decays[2];
};
DEVICE Place place_of(int pair) {
  Place place;
  if (pair < OVER_PAIRS) {
    const int unit = pair / (FIRST_STRIDE / 2), column = pair % (FIRST_STRIDE / 2);
    place.at = AT_WEIGHTS + (FULL * 16 + unit) * WEIGHT_ROW + 4 * column;
    place.decays[0] = place.decays[1] = column < INPUTS / 2;
  } else {
    const int later = pair - OVER_PAIRS, unit = later / (LATER_STRIDE / 2), column = later % (LATER_STRIDE / 2) * 2;
    place.at = AT_LATER + (unit * UNIT_STRIDE + column) * 4;
    place.decays[0] = unit < (DEPTH - 1) * WIDTH && column < WIDTH;
    place.decays[1] = unit < (DEPTH - 1) * WIDTH && column + 1 < WIDTH;
  }
  return place;
}
DEVICE f2* flat_weights(u8* shared, int pair, int at) { return (f2*)(pair < OVER_PAIRS ? shared + AT_OVER + 8 * pair : shared + at); }
DEVICE void store_flat(u8* shared, int pair, int at, f2 both) {
  *flat_weights(shared, pair, at) = both;
  if (pair < OVER_PAIRS) store_cut(shared + at, WIDTH * WEIGHT_ROW, both.x, both.y);
}
// A slot's pair in the flat order: slot i of a warp is tile i * WARPS + warp. FLAT_FROM: none.
DEVICE int pair_of(int slot, int half, int thread) {
  const int tile = slot * WARPS + (thread >> 5), lane = thread & 31, column = tile % COLUMN_TILES * 4 + (lane & 3);
  if (tile >= TILES || column >= FIRST_STRIDE / 2) return FLAT_FROM;
  return (tile / COLUMN_TILES * 16 + (lane >> 2) + half * 8) * (FIRST_STRIDE / 2) + column;
}
DEVICE u8* tile_weights(u8* shared, int tile, int half, int lane) {
  const int unit = tile / COLUMN_TILES * 16 + (lane >> 2) + 8 * half;
  return shared + AT_WEIGHTS + unit * WEIGHT_ROW + tile % COLUMN_TILES * 16 + (lane & 3) * 4;
}

// -------------------------------------------------------------------------------------------------- forwards, by rows

struct Gate {  // of dropout at one step
  u32 first, second, threshold;
  float scale;
};
struct Unit {
  float value, chain;  // gate . f(z); gate . f'(z) where it is kept
};
// A unit of one row; `hashed` is the stream's first word plus the draw's counter times GOLDEN.
DEVICE Unit gated(const Gate& gate, float z, u32 hashed) {
  const float scale = word_at(hashed, gate.second) >= gate.threshold ? gate.scale : 0.0f;
  Unit unit;
#if ACTIVATION == RELU
  unit.value = scale > 0 ? (!(z <= 0.0f) ? z : 0.0f) * gate.scale : 0.0f;  // lets a NaN through
  unit.chain = 0;
#elif ACTIVATION == TANH
  const float t = tanhf(z);
  unit.value = t * scale;
  unit.chain = (1 - t * t) * scale;
#elif ACTIVATION == GELU
  const float t = tanhf(0.7978845608028654f * (z + 0.044715f * z * z * z));
  unit.value = 0.5f * z * (1 + t) * scale;
  unit.chain = (0.5f * (1 + t) + 0.5f * z * (1 - t * t) * 0.7978845608028654f * (1 + 3 * 0.044715f * z * z)) * scale;
#else
  unit.value = z * scale;
  unit.chain = scale;
#endif
  return unit;
}

struct Mine {  // a row group's rows
  int group, begin, end, task;  // `task`: of this thread among the row group's
};
DEVICE Mine rows_of_group(int thread) {
  constexpr int EACH = BATCH / GROUPS, MORE = BATCH % GROUPS;
  Mine mine;
  mine.group = (thread >> 5) % GROUPS;
  mine.begin = mine.group * EACH + (mine.group < MORE ? mine.group : MORE);
  mine.end = mine.begin + EACH + (mine.group < MORE ? 1 : 0);
  mine.task = (GROUP_WARPS == 1 ? 0 : (thread >> 5) / GROUPS * 32) + (thread & 31);
  return mine;
}
DEVICE void sync_rows(const Mine& mine) {
  if (GROUP_WARPS == 1) sync_warp();
  else sync_some(mine.group, GROUP_THREADS);
}

// Layer 1 over eight of the row group's rows, on tensor cores: units x rows = weights x pictures.
DEVICE void forward_first(u8* shared, const Gate& gate, const Mine& mine, int begin, int warp, int lane) {
  float* const h = (float*)(shared + AT_UNITS);
  float* const chain = (float*)(shared + AT_CHAIN);
  const int matrix = lane >> 3, in8 = lane & 7, g = lane >> 2, q = lane & 3;
  const int row = begin + in8 < mine.end ? begin + in8 : mine.end - 1;
  const u8 *const x = shared + AT_PICTURES + row * PICTURE_ROW + matrix * 16, *w[WARP_UNIT_TILES][2];
#pragma unroll
  for (int i = 0; i < WARP_UNIT_TILES; ++i) {
    const int tile = warp * WARP_UNIT_TILES + i;
    if (tile < FULL) {
      w[i][0] = shared + AT_WEIGHTS + (16 * tile + (matrix & 1) * 8 + in8) * WEIGHT_ROW + (matrix >> 1) * 16;
      w[i][1] = w[i][0] + WIDTH * WEIGHT_ROW;
    } else {  // at most eight units: two of the three terms side by side
      const int unit = 16 * FULL + in8 < WIDTH ? 16 * FULL + in8 : WIDTH - 1;
      w[i][0] = shared + AT_WEIGHTS + ((matrix & 1) * WIDTH + unit) * WEIGHT_ROW + (matrix >> 1) * 16;
      w[i][1] = shared + AT_WEIGHTS + (2 * WIDTH + unit) * WEIGHT_ROW + (matrix >> 1) * 16;
    }
  }
  float sums[WARP_UNIT_TILES][3][4] = {};  // by term
#pragma unroll
  for (int k = 0; k < 7; k += 2) {  // sixteens of columns
    u32 b[4];
    load_matrices(b, x + 32 * k - (k == 6 ? matrix * 16 : 0));  // a row ends at column 103
#pragma unroll
    for (int half = 0; half < 2 && k + half < 7; ++half)
#pragma unroll
      for (int i = 0; i < WARP_UNIT_TILES; ++i) {
        const int tile = warp * WARP_UNIT_TILES + i;
        if (tile >= UNIT_TILES) continue;
#pragma unroll
        for (int term = 0; term < 3; ++term)
          if (term < 2 || tile < FULL) {
            u32 a[4];
            load_matrices(a, (term == 0 ? w[i][0] : w[i][1] + (term - 1) * WIDTH * WEIGHT_ROW) + 32 * (k + half));
            if (k + half == 6) multiply_half(sums[i][term], a, b);  // columns 96..103; the others are another row's
            else multiply(sums[i][term], a, b + 2 * half);
          }
      }
  }
  const int first = begin + 2 * q;
  const u32 hashed = gate.first + ((u32)g * 16384u + (u32)first) * GOLDEN;
#pragma unroll
  for (int i = 0; i < WARP_UNIT_TILES; ++i) {
    const int tile = warp * WARP_UNIT_TILES + i;
    if (tile >= UNIT_TILES) continue;
    const bool full = tile < FULL;
    const float(&s)[3][4] = sums[i];
#pragma unroll
    for (int c = 0; c < 4; ++c) {
      if (!full && c >= 2) continue;
      const int row = first + (c & 1), unit = 16 * tile + g + (c >> 1) * 8;
      const u32 counter = (u32)((16 * tile + (c >> 1) * 8) * 16384 + (c & 1)) * GOLDEN;
      const float z = full ? s[0][c] + (s[1][c] + s[2][c]) : s[0][c & 1] + (s[0][2 + (c & 1)] + s[1][c & 1]);
      const Unit own = gated(gate, z, hashed + counter);
      const bool real = row < mine.end && (full || unit < WIDTH);
      store_if(real, h + row * UNIT_STRIDE + unit, own.value);
      if (SLOPES_KEPT) store_if(real, chain + row * UNIT_STRIDE + unit, own.chain);
    }
  }
}

// Some rows x two units, over fours of inputs: sums[row][unit] += a[row][k] b[unit][k].
DEVICE void dots(float (&sums)[AT_ONCE][2], const float* const (&a)[AT_ONCE], const float* b0, const float* b1) {
#pragma unroll(FOURS <= 5 ? FOURS : 3)
  for (int k = 0; k < 4 * FOURS; k += 4) {
    const f4 u = *(const f4*)(b0 + k), v = *(const f4*)(b1 + k);
    f4 x[AT_ONCE];
#pragma unroll
    for (int r = 0; r < AT_ONCE; ++r) x[r] = *(const f4*)(a[r] + k);
#pragma unroll
    for (int r = 0; r < AT_ONCE; ++r) {
      sums[r][0] += x[r].x * u.x; sums[r][0] += x[r].y * u.y; sums[r][0] += x[r].z * u.z; sums[r][0] += x[r].w * u.w;
      sums[r][1] += x[r].x * v.x; sums[r][1] += x[r].y * v.y; sums[r][1] += x[r].z * v.z; sums[r][1] += x[r].w * v.w;
    }
  }
}
// The same with the units of the layer above below each other: sums[row][unit] += a[row][j] b[j][unit].
template <int N>
DEVICE void dots_across(float (&sums)[AT_ONCE][2], const float* const (&a)[AT_ONCE], const float* b) {
#pragma unroll(N <= 20 ? (N + 3) / 4 : 2)
  for (int j = 0; j < N; j += 4) {
    f4 x[AT_ONCE];
#pragma unroll
    for (int r = 0; r < AT_ONCE; ++r) x[r] = *(const f4*)(a[r] + j);
#pragma unroll
    for (int c = 0; c < 4; ++c)
      if (N % 4 == 0 || N > 20 || j + c < N) {  // slopes beyond N are zero
        const f2 w = *(const f2*)(b + (j + c) * UNIT_STRIDE);
#pragma unroll
        for (int r = 0; r < AT_ONCE; ++r) {
          const float d = c == 0 ? x[r].x : c == 1 ? x[r].y : c == 2 ? x[r].z : x[r].w;
          sums[r][0] += d * w.x;
          sums[r][1] += d * w.y;
        }
      }
  }
}

// The pieces of a later layer that a row group shares out: two units x AT_ONCE rows. `row(r)` repeats the last one.
struct Piece {
  int unit, first, last;
  DEVICE int row(int r) const { return first + r < last ? first + r : last; }
  DEVICE bool real(int r) const { return first + r <= last; }
};
constexpr int PIECES = ROW_TILES * ((WIDTH + 1) / 2);
DEVICE Piece piece_of(const Mine& mine, int number) {
  Piece piece;
  piece.unit = number / ROW_TILES * 2;
  piece.first = mine.begin + number % ROW_TILES * AT_ONCE;
  piece.last = mine.end - 1;
  return piece;
}

// Hidden layer `layer` (from 2 on) of the row group's rows.
DEVICE void forward(u8* shared, const Gate& gate, int layer, const Mine& mine) {
  const float* in = (float*)(shared + AT_UNITS) + (layer - 2) * BATCH * UNIT_STRIDE;
  float* const h = (float*)(shared + AT_UNITS) + (layer - 1) * BATCH * UNIT_STRIDE;
  float* const chain = (float*)(shared + AT_CHAIN) + (layer - 1) * BATCH * UNIT_STRIDE;
  const float* weights = (float*)(shared + AT_LATER) + (layer - 2) * WIDTH * UNIT_STRIDE;
  for (int t = mine.task; t < PIECES; t += GROUP_THREADS) {
    const Piece piece = piece_of(mine, t);
    const int unit = piece.unit;
    const bool bias = WIDTH % 2 == 1 && unit + 1 == WIDTH;  // the second is no unit: the bias' input
    float z[AT_ONCE][2] = {};
    const float* a[AT_ONCE];
#pragma unroll
    for (int r = 0; r < AT_ONCE; ++r) a[r] = in + piece.row(r) * UNIT_STRIDE;
    dots(z, a, weights + unit * UNIT_STRIDE, weights + (unit + 1 < WIDTH ? unit + 1 : unit) * UNIT_STRIDE);
    const u32 hashed = gate.first + ((u32)(layer - 1) << 26 | (u32)unit << 14 | (u32)piece.first) * GOLDEN;
#pragma unroll
    for (int r = 0; r < AT_ONCE; ++r) {
      const Unit one = gated(gate, z[r][0], hashed + (u32)r * GOLDEN);
      const Unit two = gated(gate, z[r][1], hashed + (16384u + (u32)r) * GOLDEN);
      const int at = (piece.first + r) * UNIT_STRIDE + unit;
      store_if(piece.real(r), h + at, one.value, bias ? 1.0f : two.value);
      if (SLOPES_KEPT) store_if(piece.real(r), chain + at, one.chain, bias ? 0.0f : two.chain);
    }
  }
}

// The outputs' slopes, and this thread's part of the batch's loss.
DEVICE float outputs(u8* shared, int size, float weight, const Mine& mine) {
  const float* in = (float*)(shared + AT_UNITS) + (DEPTH - 1) * BATCH * UNIT_STRIDE;
  const float* weights = (float*)(shared + AT_LATER) + (DEPTH - 1) * WIDTH * UNIT_STRIDE;
  float loss = 0;
  for (int t = mine.task; t < OUTPUTS * GROUP_ROWS; t += GROUP_THREADS) {
    const int o = t & 3, row = mine.begin + (t >> 2);
    if (row < mine.end) {
      float even = 0, odd = 0;
#pragma unroll(FOURS <= 5 ? FOURS : 3)
      for (int k = 0; k < 4 * FOURS; k += 4) {
        const f4 u = *(const f4*)(weights + o * UNIT_STRIDE + k), a = *(const f4*)(in + row * UNIT_STRIDE + k);
        even += u.x * a.x; odd += u.y * a.y; even += u.z * a.z; odd += u.w * a.w;
      }
      const int answers = ((int*)(shared + AT_ANSWERS))[row];
      float right = (answers & 3) == o ? 1.0f : 0.0f;
#if KNOBS
      const float whole = ((const Knobs*)(shared + AT_KNOBS))->dependency;
      right = whole * right + (1 - whole) * (answers >> 2 == o ? 1.0f : 0.0f);
      if (answers == 5 * o) right = 1.0f;  // both say so
#endif
      const float d = even + odd - right;
      const bool used = row < size;
      loss += used ? d * d * (0.25f * weight) : 0.0f;
      ((float*)(shared + AT_ERRORS))[row * OUTPUTS + o] = used ? d * (0.5f * weight) : 0.0f;
    }
  }
  return loss;
}

// ------------------------------------------------------------------------------------------------- backwards, by rows

// Slopes of hidden layer `layer` from those of the layer above: the outputs if TOP.
template <bool TOP>
DEVICE void backward(u8* shared, int layer, float scale, const Mine& mine) {
  const float* kept = (float*)(shared + (SLOPES_KEPT ? AT_CHAIN : AT_UNITS)) + (layer - 1) * BATCH * UNIT_STRIDE;
  constexpr int STRIDE = TOP ? OUTPUTS : UNIT_STRIDE;
  const float* above = TOP ? (float*)(shared + AT_ERRORS) : (float*)(shared + AT_SLOPES) + (layer - 1) * BATCH * UNIT_STRIDE;
  const float* weights = (float*)(shared + AT_LATER) + (layer - 1) * WIDTH * UNIT_STRIDE;  // of the layer above
  for (int t = mine.task; t < PIECES; t += GROUP_THREADS) {
    const Piece piece = piece_of(mine, t);
    const int unit = piece.unit;
    float sums[AT_ONCE][2] = {};
    const float* a[AT_ONCE];
#pragma unroll
    for (int r = 0; r < AT_ONCE; ++r) a[r] = above + piece.row(r) * STRIDE;
    dots_across<TOP ? OUTPUTS : WIDTH>(sums, a, weights + unit);
#pragma unroll
    for (int r = 0; r < AT_ONCE; ++r) {
      const int at = piece.row(r);
      const f2 own = *(const f2*)(kept + at * UNIT_STRIDE + unit);
      const bool second = WIDTH % 2 == 0 || unit + 1 < WIDTH;
      f2 d;
      d.x = SLOPES_KEPT ? sums[r][0] * own.x : own.x > 0 ? sums[r][0] * scale : 0.0f;
      d.y = !second ? 0.0f : SLOPES_KEPT ? sums[r][1] * own.y : own.y > 0 ? sums[r][1] * scale : 0.0f;
      if (layer == 1) store_cut(shared + AT_SLOPES_1 + at * SLOPE_ROW + 2 * unit, (BATCH + 1) * SLOPE_ROW, d.x, d.y, piece.real(r));
      else store_if(piece.real(r), (float*)(shared + AT_SLOPES) + ((layer - 2) * BATCH + at) * UNIT_STRIDE + unit, d.x, d.y);
    }
  }
}

// Gradients of the later layers' weights over some rows, by tiles of four units x four inputs.
DEVICE void later_gradients(u8* shared, float* to, int begin, int end, int task, int tasks) {
  for (int t = task; t < ((DEPTH - 1) * UNIT_FOURS + 1) * FOURS; t += tasks) {
    const int block = t / FOURS, i = t % FOURS * 4;
    const int layer = block / UNIT_FOURS, j = block % UNIT_FOURS * 4;  // the outputs': layer DEPTH - 1, j 0
    const bool top = layer == DEPTH - 1;
    const int stride = top ? OUTPUTS : UNIT_STRIDE, left = top ? OUTPUTS : WIDTH - j;
    const float* d_at = top ? (float*)(shared + AT_ERRORS) + begin * OUTPUTS
                            : (float*)(shared + AT_SLOPES) + (layer * BATCH + begin) * UNIT_STRIDE + j;
    const float* h_at = (float*)(shared + AT_UNITS) + (layer * BATCH + begin) * UNIT_STRIDE + i;
    float sums[4][4] = {};
#pragma unroll 2
    for (int r = begin; r < end; ++r, d_at += stride, h_at += UNIT_STRIDE) {
      const f4 d = *(const f4*)d_at, h = *(const f4*)h_at;
      sums[0][0] += d.x * h.x; sums[0][1] += d.x * h.y; sums[0][2] += d.x * h.z; sums[0][3] += d.x * h.w;
      sums[1][0] += d.y * h.x; sums[1][1] += d.y * h.y; sums[1][2] += d.y * h.z; sums[1][3] += d.y * h.w;
      sums[2][0] += d.z * h.x; sums[2][1] += d.z * h.y; sums[2][2] += d.z * h.z; sums[2][3] += d.z * h.w;
      sums[3][0] += d.w * h.x; sums[3][1] += d.w * h.y; sums[3][2] += d.w * h.z; sums[3][3] += d.w * h.w;
    }
    float* const at = to + (layer * WIDTH + j) * LATER_STRIDE + i;
#pragma unroll
    for (int a = 0; a < 4; ++a)
#pragma unroll
      for (int b = 0; b < 4; b += 2)
        if (a < left && i + b < LATER_STRIDE) {
          f2 two;
          two.x = sums[a][b];
          two.y = sums[a][b + 1];
          *(f2*)(at + a * LATER_STRIDE + b) = two;
        }
  }
}

// ---------------------------------------------------------------------------------------------- layer 1's gradient

// Of the units beyond a multiple of 16, to shared memory: columns x units = pictures x slopes.
DEVICE void over_gradient(u8* shared, int warp, int lane) {
  const int matrix = lane >> 3, in8 = lane & 7, g = lane >> 2, q = lane & 3;
  u32 d[3][4];
#pragma unroll
  for (int term = 0; term < 3; ++term)
    load_transposed(d[term], shared + AT_SLOPES_1 + (term * (BATCH + 1) + (lane < BATCH ? lane : BATCH)) * SLOPE_ROW + FULL * 32);
#pragma unroll 1
  for (int tile = warp; tile < 7; tile += WARPS) {  // sixteens of columns
    float high[4] = {}, low[4] = {};
#pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int row = 16 * k + (matrix >> 1) * 8 + in8;  // rows beyond the batch meet slopes of zero
      u32 x[4];
      load_transposed(x, shared + AT_PICTURES + (row < BATCH ? row : BATCH - 1) * PICTURE_ROW + 32 * tile + (matrix & 1) * 16);
      multiply(low, x, d[2] + 2 * k);
      multiply(high, x, d[0] + 2 * k);
      multiply(low, x, d[1] + 2 * k);
    }
#pragma unroll
    for (int c = 0; c < 4; ++c) {
      const int column = 16 * tile + g + (c >> 1) * 8, unit = 2 * q + (c & 1);
      if (column < FIRST_STRIDE && unit < OVER) ((float*)(shared + AT_GRADIENTS))[unit * FIRST_STRIDE + column] = high[c] + low[c];
    }
  }
}

// Slopes of sixteen units as a tile's first factor: units x rows.
DEVICE void load_slopes(u32 (&a)[3][2][4], u8* shared, int tile, int lane) {
  const int matrix = lane >> 3, row = (matrix >> 1) * 8 + (lane & 7);
  const u8* at = shared + AT_SLOPES_1 + (matrix & 1) * 16 + tile * 32;
#pragma unroll
  for (int term = 0; term < 3; ++term)
#pragma unroll
    for (int k = 0; k < 2; ++k)
      load_transposed(a[term][k], at + (term * (BATCH + 1) + (row + 16 * k < BATCH ? row + 16 * k : BATCH)) * SLOPE_ROW);
}

// Adam as in regimes/descent.py; `decay` is twice the penalty's factor.
DEVICE void update(float& w, float& m, float& v, float slope, float decay, float rate) {
  const float s = slope + decay * w;
  m = BETA_1 * m + 0.1f * s;
  v = BETA_2 * v + 0.001f * (s * s);
  w -= rate * fast_quotient(m, fast_root(v) + EPSILON);
}

// ------------------------------------------------------------------------------------------------------- the kernel

// A tile's numbers in registers: [slot][half * 2 + neighbour].
typedef float Tiles[SLOTS][4];

// Between device memory and registers through shared memory, so that little code is unrolled.
DEVICE void load_tiles(u8* shared, float* const* tensors, u32 member, int thread, Tiles& to) {
  f2* const pairs = (f2*)shared;
#pragma unroll 1
  for (int e = thread; e < 2 * FLAT_FROM; e += THREADS) {
    const float* at = locate(tensors, member, e);
    ((float*)pairs)[e] = at ? *at : 0.0f;
  }
  sync_all();
  OPAQUE(thread);
#pragma unroll
  for (int i = 0; i < SLOTS; ++i)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int pair = pair_of(i, half, thread);
      f2 both;
      both.x = both.y = 0;
      if (pair < FLAT_FROM) both = pairs[pair];
      to[i][2 * half] = both.x;
      to[i][2 * half + 1] = both.y;
    }
  sync_all();
}
DEVICE void store_tiles(u8* shared, float* const* tensors, u32 member, int thread, const Tiles& from) {
  f2* const pairs = (f2*)shared;
  sync_all();
  OPAQUE(thread);
#pragma unroll
  for (int i = 0; i < SLOTS; ++i)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int pair = pair_of(i, half, thread);
      f2 both;
      both.x = from[i][2 * half];
      both.y = from[i][2 * half + 1];
      if (pair < FLAT_FROM) pairs[pair] = both;
    }
  sync_all();
#pragma unroll 1
  for (int e = thread; e < 2 * FLAT_FROM; e += THREADS) {
    float* at = locate(tensors, member, e);
    if (at) *at = ((float*)pairs)[e];
  }
}

// What a member is, by one thread.
DEVICE void read_facts(u8* shared, const Arguments& given, u32 member, u32 start) {
  Facts& facts = *(Facts*)(shared + AT_FACTS);
  const float rate = given.dropout[member];
  facts.threshold = (u32)(rate * 4294967296.0f);
  facts.scale = 1.0f / (1.0f - rate);
  facts.size = given.batch_size[member];
  facts.row_weight = 1.0f / (float)facts.size;
  for (int i = 0; i < 2; ++i) {
    facts.stream[i] = given.dropout_stream[2 * member + i];
    facts.order[i] = given.order[2 * member + i];
  }
  facts.rows = given.train_rows[member];
  facts.first_row = given.first_row[member];
  facts.steps_a_pass = facts.rows / (u32)facts.size;
  facts.pass = start / facts.steps_a_pass;
  facts.place = start % facts.steps_a_pass;
  facts.count = given.count[member] - (int)start;
  facts.learning_rate = given.learning_rate[member];
  facts.l2 = given.l2[member];
#if KNOBS
  for (int i = 0; i < 8; ++i) ((float*)(shared + AT_KNOBS))[i] = given.knobs[i][member];
#endif
}

DEVICE u32 sky(int number) {
  constexpr u32 skies[8] = {  // the columns that hold a fly, as in dataset/row.py
      1u << 0 | 1u << 1 | 1u << 10 | 1u << 15 | 1u << 16 | 1u << 21 | 1u << 26,
      1u << 0 | 1u << 3 | 1u << 5 | 1u << 8 | 1u << 13 | 1u << 18 | 1u << 19 | 1u << 24 | 1u << 28,
      1u << 1 | 1u << 3 | 1u << 13 | 1u << 19 | 1u << 23 | 1u << 27 | 1u << 28 | 1u << 31,
      1u << 1 | 1u << 4 | 1u << 12 | 1u << 19 | 1u << 26,
      1u << 1 | 1u << 5 | 1u << 12 | 1u << 14 | 1u << 18 | 1u << 29,
      1u << 1 | 1u << 6 | 1u << 12 | 1u << 14 | 1u << 17 | 1u << 23 | 1u << 24 | 1u << 28};
  return skies[number];
}

KERNEL train(const Arguments given) {
  SHARED;
  const int thread = THREAD, warp = thread >> 5, lane = thread & 31;
  const u32 member = BLOCK, start = given.start[member], stop = given.stop[member];
  if (!given.alive[member] || start >= stop) return;

  // ---- the member comes on chip
  Tiles w, m, v;
  load_tiles(shared, given.state[0], member, thread, w);
  load_tiles(shared, given.state[1], member, thread, m);
  load_tiles(shared, given.state[2], member, thread, v);
  for (int i = thread; i < SHARED_BYTES / 16; i += THREADS) {
    u4 zero;
    zero.x = zero.y = zero.z = zero.w = 0;
    ((u4*)shared)[i] = zero;
  }
  float* const losses = (float*)(shared + AT_LOSSES);
  Facts& facts = *(Facts*)(shared + AT_FACTS);
  sync_all();
  if (thread == 0) {
    read_facts(shared, given, member, start);
#pragma unroll
    for (int k = 0; k < 8; ++k) ((u32*)(shared + AT_SKIES))[k] = sky(k);
  }
  float squares = 0;  // of this thread's weights that decay
  for (int pair = thread; pair < FLAT; pair += THREADS) {
    const Place place = place_of(pair);
    f2 x[3];
    for (int which = 0; which < 3; ++which) {
      const float* at[2] = {locate(given.state[which], member, 2 * (FLAT_FROM + pair)),
                            locate(given.state[which], member, 2 * (FLAT_FROM + pair) + 1)};
      x[which].x = at[0] ? *at[0] : 0.0f;
      x[which].y = at[1] ? *at[1] : 0.0f;
    }
    store_flat(shared, pair, place.at, x[0]);
    ((f2*)(shared + AT_MOMENTS))[pair] = x[1];
    ((f2*)(shared + AT_MOMENTS))[FLAT + pair] = x[2];
    squares += (place.decays[0] ? x[0].x * x[0].x : 0.0f) + (place.decays[1] ? x[0].y * x[0].y : 0.0f);
  }
#pragma unroll
  for (int i = 0; i < SLOTS; ++i) {
    const int tile = i * WARPS + warp;
    if (tile < TILES) {
#pragma unroll
      for (int half = 0; half < 2; ++half)
        store_cut(tile_weights(shared, tile, half, lane), WIDTH * WEIGHT_ROW, w[i][2 * half], w[i][2 * half + 1]);
      if (tile % COLUMN_TILES * 8 + (lane & 3) * 2 < INPUTS)
#pragma unroll
        for (int c = 0; c < 4; ++c) squares += w[i][c] * w[i][c];
    }
  }
  if (thread < BATCH)
    for (int layer = 0; layer < DEPTH; ++layer) ((float*)(shared + AT_UNITS))[(layer * BATCH + thread) * UNIT_STRIDE + WIDTH] = 1.0f;
  sync_all();
  u2 ahead;  // the last warp's: a row of the next step
  ahead.x = ahead.y = 0;
  if (warp == WARPS - 1) {
    new_pass(shared, facts, lane);
    ((u2*)(shared + AT_ROWS))[lane] = row_ahead(shared, facts, given.rows, lane);
  }
  sync_all();
  pictures(shared, warp, lane);
  sync_all();

  bool alive = true;
  u32 step = start;
#pragma unroll 1
  for (; step < stop; ++step) {
    // ---- rows
    int me = thread;
    OPAQUE(me);
    const Mine mine = rows_of_group(me);
    if ((step & 15) == 0 || step == start) {  // Adam's rates and dropout's streams up to the next multiple of sixteen
      if (me < 16) {
        const u32 of = (step & ~15u) + (u32)me;
        const float t = (float)(facts.count + (int)of + 1);
        Ahead next;
        next.rate = facts.learning_rate * sqrtf(1.0f - powf(BETA_2, t)) / (1.0f - powf(BETA_1, t));
        substream(facts.stream, of, next.stream);
        ((Ahead*)(shared + AT_AHEAD))[me] = next;
      }
      sync_all();
    }
    const Ahead now = ((Ahead*)(shared + AT_AHEAD))[step & 15];
    Gate gate;
    gate.first = now.stream[0];
    gate.second = now.stream[1];
    gate.threshold = facts.threshold;
    gate.scale = facts.scale;
    if (me >= 32 * (WARPS - 1)) {  // the last warp looks one step ahead
      const u32 place = facts.place + 1;
      const bool over = place == facts.steps_a_pass;
      sync_warp();
      if ((me & 31) == 0) {
        facts.place = over ? 0 : place;
        facts.pass += over;
      }
      sync_warp();
      if (over) new_pass(shared, facts, me & 31);
      ahead = row_ahead(shared, facts, given.rows, me & 31);
    }
#pragma unroll 1
    for (int first = mine.begin; first < mine.end; first += 8)
      forward_first(shared, gate, mine, first, GROUP_WARPS == 1 ? 0 : mine.task >> 5, me & 31);
    sync_rows(mine);
#pragma unroll
    for (int layer = 2; layer <= DEPTH; ++layer) {
      forward(shared, gate, layer, mine);
      sync_rows(mine);
    }
    float loss = outputs(shared, facts.size, facts.row_weight, mine) + facts.l2 * squares;
#pragma unroll
    for (int k = 16; k; k >>= 1) loss += shuffle_xor(loss, k);
    if ((me & 31) == 0) losses[me >> 5] = loss;
    sync_rows(mine);
    backward<true>(shared, DEPTH, gate.scale, mine);
    sync_rows(mine);
#pragma unroll
    for (int layer = DEPTH; layer >= 2; --layer) {
      backward<false>(shared, layer - 1, gate.scale, mine);
      if (layer > 2) sync_rows(mine);
    }
    float* const gradients = (float*)(shared + AT_GRADIENTS) + OVER * FIRST_STRIDE;
    if (BY_GROUP) later_gradients(shared, gradients + mine.group * LATER, mine.begin, mine.end, mine.task, GROUP_THREADS);
    sync_all();  // A

    // ---- tiles
    float total = 0;
#pragma unroll
    for (int k = 0; k < WARPS; ++k) total += losses[k];
    alive = total < DIVERGED;
    if (!alive) break;
    me = thread;
    OPAQUE(me);
    if (!BY_GROUP) later_gradients(shared, gradients, 0, BATCH, me, THREADS);
    const int at = me & 31, own = me >> 5;
    const float rate = ((Ahead*)(shared + AT_AHEAD))[step & 15].rate, decay = 2.0f * facts.l2;
    if (own == WARPS - 1) ((u2*)(shared + AT_ROWS))[at] = ahead;
    if (OVER > 0) over_gradient(shared, own, at);
    squares = 0;
    u32 slopes[3][2][4];
    if (FULL == 1) load_slopes(slopes, shared, 0, at);  // once for all tiles
    const int x_row = at < BATCH ? at : BATCH - 1;
#pragma unroll
    for (int i = 0; i < SLOTS; ++i) {
      const int tile = i * WARPS + own, columns = FULL == 1 ? tile : tile % COLUMN_TILES, units = FULL == 1 ? 0 : tile / COLUMN_TILES;
      if (i * WARPS < TILES && tile < TILES) {
        float high[4] = {}, low[4] = {};
        u32 x[4];
        load_transposed(x, shared + AT_PICTURES + x_row * PICTURE_ROW + 16 * columns);
        if (FULL != 1) load_slopes(slopes, shared, units, at);
        multiply(low, slopes[2][0], x); multiply(high, slopes[0][0], x);
        multiply(low, slopes[2][1], x + 2); multiply(high, slopes[0][1], x + 2);
        multiply(low, slopes[1][0], x); multiply(low, slopes[1][1], x + 2);
        float decay_here = decay, counts = 1;
        if (FULL > 1 || i * WARPS + WARPS > COLUMN_TILES - 1) {  // columns from 100 on are the bias and filler
          const bool weights = columns * 8 + (at & 3) * 2 < INPUTS;
          decay_here = weights ? decay : 0.0f;
          counts = weights ? 1.0f : 0.0f;
        }
        float sum = 0;
#pragma unroll
        for (int c = 0; c < 4; ++c) {
          update(w[i][c], m[i][c], v[i][c], high[c] + low[c], decay_here, rate);
          sum += w[i][c] * w[i][c];
        }
        squares += counts * sum;
#pragma unroll
        for (int half = 0; half < 2; ++half)
          store_cut(shared + AT_WEIGHTS + (units * 16 + (at >> 2) + 8 * half) * WEIGHT_ROW + columns * 16 + (at & 3) * 4,
                    WIDTH * WEIGHT_ROW, w[i][2 * half], w[i][2 * half + 1]);
      }
    }
    sync_all();  // B

    // ---- flat
    me = thread;
    OPAQUE(me);
#pragma unroll 1
    for (int pair = me; pair < FLAT; pair += THREADS) {
      const Place place = place_of(pair);
      f2* const moments = (f2*)(shared + AT_MOMENTS) + pair;
      const f2* from = (const f2*)(shared + AT_GRADIENTS) + pair;
      f2 slope = from[0], m0 = moments[0], v0 = moments[FLAT], w0 = *flat_weights(shared, pair, place.at);
      if (PARTS > 1 && pair >= OVER_PAIRS)
#pragma unroll
        for (int k = 1; k < PARTS; ++k) {
          const f2 more = from[k * (LATER / 2)];
          slope.x += more.x;
          slope.y += more.y;
        }
      update(w0.x, m0.x, v0.x, slope.x, place.decays[0] ? decay : 0.0f, rate);
      update(w0.y, m0.y, v0.y, slope.y, place.decays[1] ? decay : 0.0f, rate);
      squares += (place.decays[0] ? w0.x * w0.x : 0.0f) + (place.decays[1] ? w0.y * w0.y : 0.0f);
      moments[0] = m0;
      moments[FLAT] = v0;
      store_flat(shared, pair, place.at, w0);
    }
    pictures(shared, me >> 5, me & 31);
    sync_all();  // C
  }

  // ---- and leaves it again
  sync_all();
  for (int pair = thread; pair < FLAT; pair += THREADS) {
    const f2 x[3] = {*flat_weights(shared, pair, place_of(pair).at), ((f2*)(shared + AT_MOMENTS))[pair],
                     ((f2*)(shared + AT_MOMENTS))[FLAT + pair]};
    for (int which = 0; which < 3; ++which)
      for (int second = 0; second < 2; ++second) {
        float* at = locate(given.state[which], member, 2 * (FLAT_FROM + pair) + second);
        if (at) *at = second ? x[which].y : x[which].x;
      }
  }
  store_tiles(shared, given.state[0], member, thread, w);
  store_tiles(shared, given.state[1], member, thread, m);
  store_tiles(shared, given.state[2], member, thread, v);
  if (thread == 0) {
    given.count[member] += (int)(step - start);
    given.alive[member] = alive;
  }
}
