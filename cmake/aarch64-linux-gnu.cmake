# CMake toolchain for 64-bit ARM Linux with Debian's cross compilers (g++-aarch64-linux-gnu); programs run under
# qemu-aarch64 (qemu-user) where it is there:
#   cmake -B build/aarch64 -DLATHE_RUNTIME_ONLY=ON -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
find_program(LATHE_QEMU qemu-aarch64)
if(LATHE_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${LATHE_QEMU};-L;/usr/aarch64-linux-gnu")
endif()
