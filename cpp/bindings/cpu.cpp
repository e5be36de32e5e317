// Tells the package which instruction level this processor runs. Built for the lowest level itself.
#include "ravine/kernels/instruction_level.hpp"

#include <nanobind/nanobind.h>

NB_MODULE(_cpu, m) {
    m.def("instruction_level", &ravine::instruction_level, "v2, v3 or v4 on x86-64; base elsewhere.");
}
