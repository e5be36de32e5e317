// The processor's level against what the compiler's own table says.
#include "ravine/kernels/instruction_level.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("the processor's level is the one that the compiler's table gives") {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const char* level = __builtin_cpu_supports("x86-64-v4")   ? "v4"
                        : __builtin_cpu_supports("x86-64-v3") ? "v3"
                                                              : "v2";
    CHECK(ravine::instruction_level() == std::string(level));
#else
    CHECK(ravine::instruction_level() == std::string("base"));
#endif
}
