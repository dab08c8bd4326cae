// Overloaded: several lambdas as one visitor of a std::variant, so that a new alternative fails to compile where it is
// not handled.
#pragma once

namespace lathe {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace lathe
