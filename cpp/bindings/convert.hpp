// Between Python's objects and the engine's: specs, arrays, errors.
#pragma once

#include "ravine/data/data.hpp"
#include "ravine/spec.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <span>

namespace nb = nanobind;

namespace ravine::bindings {

template <class T> using Vector = nb::ndarray<const T, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T> using Matrix = nb::ndarray<const T, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class T>
using WritableVector = nb::ndarray<T, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T> using NewArray = nb::ndarray<nb::numpy, T>;

// None, bool, int, float, str, list, tuple and dict become a Spec.
Spec to_spec(nb::handle object);

// A part that a user wrote, which stands in a dictionary as `part`.
Spec to_part(nb::handle object);

// The custom parts that a spec holds. An object that lives as long as Python likes shows them to the garbage
// collector: a part knows its class, a class its module, and a module perhaps the object.
class CustomParts {
public:
    CustomParts() = default;
    explicit CustomParts(const Spec& spec) { collect(spec); }
    void collect(const Spec& spec);
    int visit(visitproc visit, void* argument) const;
    void clear() const;

private:
    std::vector<std::shared_ptr<const CustomPart>> parts_;
};

// The slots of a class of Python's that holds custom parts: it has `visit` and `clear`.
template <class Self> int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    return nb::inst_ready(self) ? nb::inst_ptr<Self>(self)->visit(visit, arg) : 0;
}
template <class Self> int clear(PyObject* self) {
    if (nb::inst_ready(self)) nb::inst_ptr<Self>(self)->clear();
    return 0;
}
template <class Self>
inline PyType_Slot collected[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse<Self>)},
                                  {Py_tp_clear, reinterpret_cast<void*>(clear<Self>)},
                                  {0, nullptr}};

// A new NumPy array that owns what it holds.
template <class T, class Storage> NewArray<T> to_array(Storage values, std::vector<std::size_t> shape) {
    auto* owned = new Storage(std::move(values));
    nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<Storage*>(p); });
    return NewArray<T>(owned->data(), shape.size(), shape.data(), owner);
}
template <class T, class Storage> NewArray<T> to_vector(Storage values) {
    const std::size_t n = values.size();
    return to_array<T>(std::move(values), {n});
}

void require(bool good, const char* message);

// A custom optimizer as the engine calls it: on arrays of its own, so that a view that it keeps cannot
// outlive what it shows. The caller keeps `function` alive.
template <class T> auto custom_update(nb::handle function) {
    return [function](std::span<T> w, std::span<T> g, long k, T eta) {
        nb::gil_scoped_acquire gil;
        auto w_array = to_vector<T>(Buffer<T>(w.begin(), w.end()));
        function(w_array, to_vector<T>(Buffer<T>(g.begin(), g.end())), k, static_cast<double>(eta));
        std::copy_n(w_array.data(), w.size(), w.begin());
    };
}

void bind_losses(nb::module_& m);
void bind_network(nb::module_& m);
void bind_optimizers(nb::module_& m);
void bind_training(nb::module_& m);

} // namespace ravine::bindings
