# Compiler and linker flags that every target of Lathe gets.
# No -march: the programs must run on any machine of the architecture; SIMD is chosen at run time.

include_guard(GLOBAL)

set(LATHE_WARNINGS -Wall -Wextra -Werror=switch -Werror=return-type)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  list(APPEND LATHE_WARNINGS -Wshadow -Wconversion)
else()
  # g++ 12 takes scoped enumerators for shadowing, and moved-from variants for uninitialised.
  list(APPEND LATHE_WARNINGS -Wno-maybe-uninitialized)
endif()
set(LATHE_CXX_WARNINGS -Wnon-virtual-dtor)

# Release is -O2: measured no slower than -O3 here, and quicker to build. Debug keeps the libstdc++ assertions.
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

# Sanitizers hold for all objects of a build, ours or GoogleTest's mains, so they are global.
set(LATHE_TEST_ENVIRONMENT "")
if(LATHE_SANITIZE)
  add_compile_options(-fsanitize=${LATHE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${LATHE_SANITIZE})
  set(LATHE_TEST_ENVIRONMENT
    "ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1:allocator_may_return_null=1"
    "UBSAN_OPTIONS=print_stacktrace=1")
endif()

# lld links the static LLVM in a second; GNU ld takes ten.
find_program(LATHE_LLD NAMES ld.lld-19)
if(LATHE_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld-19)
endif()
# LLVM's static libraries name shared ones (z3, xml2) that nothing here uses.
add_link_options(-Wl,--as-needed)

# Relative relocations as bitmaps: `lathe` starts an eighth faster and is 6 % smaller. The loader of glibc 2.36 is the
# first that reads them, whatever the linker can write.
if(NOT CMAKE_CROSSCOMPILING)
  include(CheckCXXSourceRuns)
  set(CMAKE_REQUIRED_LINK_OPTIONS "-Wl,-z,pack-relative-relocs")
  check_cxx_source_runs("
    #include <cstdlib>
    #if !defined(__GLIBC__) || !__GLIBC_PREREQ(2, 36)
    #error \"an older loader\"
    #endif
    int main() { return 0; }" LATHE_HAS_PACKED_RELOCATIONS)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
  if(LATHE_HAS_PACKED_RELOCATIONS)
    add_link_options("-Wl,-z,pack-relative-relocs")
  endif()
endif()

find_program(LATHE_CCACHE ccache)
if(LATHE_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${LATHE_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${LATHE_CCACHE}")
endif()

# Contraction is off everywhere: a fused multiply-add is written as one, so that all back ends give the same bits.
function(lathe_set_flags target)
  target_compile_options(${target} PRIVATE
    ${LATHE_WARNINGS} $<$<COMPILE_LANGUAGE:CXX>:${LATHE_CXX_WARNINGS}> -ffp-contract=off
    $<$<CONFIG:Debug>:-D_GLIBCXX_ASSERTIONS>)
  if(LATHE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# Precompiled headers (LATHE_PCH): a quarter off a build from nothing. Off in the plain build, which so proves that
# every file includes what it needs.
function(lathe_define_precompiled_headers)
  file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/precompiled/main.cpp" CONTENT "int main() { return 0; }\n")
  set(headers <algorithm> <cstdint> <memory> <optional> <span> <string> <string_view> <utility> <variant> <vector> <fmt/format.h>)
  foreach(kind library program test)
    # A program: its position-independent code is of another kind than a library's, and the flags must agree.
    if(kind STREQUAL "library")
      add_library(lathe_precompiled_${kind} OBJECT "${CMAKE_BINARY_DIR}/precompiled/main.cpp")
    else()
      add_executable(lathe_precompiled_${kind} "${CMAKE_BINARY_DIR}/precompiled/main.cpp")
    endif()
    target_link_libraries(lathe_precompiled_${kind} PRIVATE fmt::fmt)
    lathe_set_flags(lathe_precompiled_${kind})
    target_compile_options(lathe_precompiled_${kind} PRIVATE $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
  endforeach()
  find_package(GTest REQUIRED)
  target_link_libraries(lathe_precompiled_test PRIVATE GTest::gtest GTest::gmock)
  target_precompile_headers(lathe_precompiled_library PRIVATE ${headers})
  target_precompile_headers(lathe_precompiled_program PRIVATE ${headers})
  target_precompile_headers(lathe_precompiled_test PRIVATE ${headers} <filesystem> <gmock/gmock.h> <gtest/gtest.h>)
endfunction()

# lathe_use_precompiled(target library|program|test)
function(lathe_use_precompiled target kind)
  if(LATHE_PCH)
    target_precompile_headers(${target} REUSE_FROM lathe_precompiled_${kind})
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
  endif()
endfunction()
