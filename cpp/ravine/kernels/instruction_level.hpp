// Which instruction level this processor runs.
#pragma once

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace ravine {

#if defined(__x86_64__)

// What the processor says of itself (the registers that CPUID fills), and which registers the system keeps.
// Asked directly: __builtin_cpu_supports knows no processor where the compiler's runtime lacks its table.
struct Processor {
    unsigned basic = 0, wide = 0, extended = 0, kept = 0;

    Processor() {
        unsigned a, b, c, d, high;
        if (__get_cpuid(1, &a, &b, &c, &d)) basic = c;
        if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) wide = b;
        if (__get_cpuid(0x80000001, &a, &b, &c, &d)) extended = c;
        if (basic & bit_OSXSAVE) __asm__("xgetbv" : "=a"(kept), "=d"(high) : "c"(0));
    }
};

// "v2", "v3" or "v4", as the System V ABI defines them for x86-64.
inline const char* instruction_level() {
    const auto all = [](unsigned bits, unsigned wanted) { return (bits & wanted) == wanted; };
    const Processor has;
    const bool v3 = all(has.basic, bit_AVX | bit_F16C | bit_FMA | bit_MOVBE | bit_OSXSAVE) &&
                    all(has.wide, bit_AVX2 | bit_BMI | bit_BMI2) && all(has.extended, bit_LZCNT) &&
                    all(has.kept, 0x6); // xmm, ymm
    const bool v4 = v3 &&
                    all(has.wide, bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL) &&
                    all(has.kept, 0xe6); // and masks, zmm
    return v4 ? "v4" : v3 ? "v3" : "v2";
}

#else

inline const char* instruction_level() { return "base"; }

#endif

} // namespace ravine
