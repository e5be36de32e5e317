// A part that a user wrote: a layer, an activation, a loss, a penalty or a schedule. The engine hands it
// arrays and gets arrays back; who calls the user's code, and how, the engine does not know.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ravine {

class Spec;

// An array that the part is given, and one that it fills.
template <class T> struct Given {
    const T* data;
    std::vector<std::ptrdiff_t> shape;
};
template <class T> struct Wanted {
    T* data;
    std::ptrdiff_t size;
};

class CustomPart {
public:
    virtual ~CustomPart() = default;

    // Plain data for plain data: what a layer makes of an input of some shape.
    virtual Spec ask(const char* method, const Spec& question) const = 0;

    // Calls a method; it fills the wanted arrays. From any thread, from several at once.
    virtual void call(const char* method, std::span<const Given<float>> given,
                      std::span<const Wanted<float>> wanted) const = 0;
    virtual void call(const char* method, std::span<const Given<double>> given,
                      std::span<const Wanted<double>> wanted) const = 0;
};

} // namespace ravine
