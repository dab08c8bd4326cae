// Greedy packing by size, per symbolic factor.
#include "compiler/lower/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "ir/base/result.h"

namespace lathe::lower {
namespace {

// A size as units * factor, where the factor's coefficients have no common divisor.
struct Factored {
  int64_t units = 0;
  Dim factor = 1;
};

Factored factor_out(const Dim& bytes) {
  if (bytes.is_constant()) return {bytes.constant(), 1};
  int64_t divisor = bytes.constant_part();
  for (const DimTerm& term : bytes.terms()) divisor = std::gcd(divisor, term.coefficient);
  return {divisor, *exact_divide(bytes, divisor)};
}

int64_t align_up(int64_t value) { return (value + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment; }

struct Block {
  size_t request = 0;
  int64_t units = 0;
  int64_t offset = 0;
};

// Packs the blocks of one factor; returns the height.
int64_t pack(const std::vector<ArenaRequest>& requests, std::vector<Block>& blocks) {
  std::sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) {
    return a.units != b.units ? a.units > b.units : a.request < b.request;
  });
  int64_t height = 0;
  std::vector<Block*> placed;
  for (Block& block : blocks) {
    const ArenaRequest& request = requests[block.request];
    std::vector<const Block*> neighbours;
    for (const Block* other : placed) {
      const ArenaRequest& life = requests[other->request];
      if (life.first <= request.last && request.first <= life.last) neighbours.push_back(other);
    }
    std::sort(neighbours.begin(), neighbours.end(),
              [](const Block* a, const Block* b) { return a->offset < b->offset; });
    int64_t best = -1;
    int64_t best_gap = 0;
    int64_t end = 0;
    for (const Block* other : neighbours) {
      const int64_t gap = other->offset - end;
      if (gap >= block.units && (best < 0 || gap < best_gap)) {
        best = end;
        best_gap = gap;
      }
      end = std::max(end, other->offset + other->units);
    }
    block.offset = best >= 0 ? best : end;
    height = std::max(height, block.offset + block.units);
    placed.push_back(&block);
  }
  return height;
}

}  // namespace

ArenaPlan plan_arena(const std::vector<ArenaRequest>& requests) {
  struct Group {
    Dim factor;
    std::vector<Block> blocks;
  };
  std::vector<Group> groups;
  for (size_t i = 0; i < requests.size(); ++i) {
    const Factored size = factor_out(requests[i].bytes);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.factor == size.factor; });
    if (group == groups.end()) group = groups.insert(groups.end(), Group{size.factor, {}});
    group->blocks.push_back({i, align_up(size.units), 0});
  }
  ArenaPlan plan{std::vector<Dim>(requests.size()), 0};
  for (Group& group : groups) {
    const int64_t height = pack(requests, group.blocks);
    for (const Block& block : group.blocks) plan.offsets[block.request] = plan.total + group.factor * Dim(block.offset);
    plan.total += group.factor * Dim(height);
  }
  return plan;
}

}  // namespace lathe::lower
