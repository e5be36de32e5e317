// Parts that a user wrote in Python. Worker threads take the GIL only for the call. A part works on arrays of
// its own, so that a view it keeps cannot outlive what it shows.
#include "convert.hpp"

namespace ravine::bindings {

namespace {

class PythonPart final : public CustomPart {
public:
    explicit PythonPart(nb::object object) : object_(std::move(object)) {}

    Spec ask(const char* method, const Spec& question) const override {
        nb::gil_scoped_acquire gil;
        return to_spec(object().attr(method)(to_python(question)));
    }
    void call(const char* method, std::span<const Given<float>> given,
              std::span<const Wanted<float>> wanted) const override {
        run(method, given, wanted);
    }
    void call(const char* method, std::span<const Given<double>> given,
              std::span<const Wanted<double>> wanted) const override {
        run(method, given, wanted);
    }

    // Its only reference to Python, for the garbage collector.
    PyObject* seen() const { return object_.ptr(); }
    void forget() const { object_.reset(); }

private:
    const nb::object& object() const {
        require(object_.is_valid(), "A custom part was called after its end.");
        return object_;
    }
    template <class T>
    void run(const char* method, std::span<const Given<T>> given, std::span<const Wanted<T>> wanted) const {
        nb::gil_scoped_acquire gil;
        nb::list arguments;
        for (const Given<T>& array : given) {
            const std::vector<std::size_t> shape(array.shape.begin(), array.shape.end());
            std::size_t size = 1;
            for (std::size_t axis : shape) size *= axis;
            arguments.append(to_array<T>(std::vector<T>(array.data, array.data + size), shape));
        }
        const nb::object result = object().attr(method)(*arguments);
        const auto arrays = nb::cast<nb::sequence>(result);
        require(nb::len(arrays) == wanted.size(),
                "A custom part gave another number of arrays than it should.");
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const auto array =
                nb::cast<nb::ndarray<const T, nb::numpy, nb::c_contig, nb::device::cpu>>(arrays[i]);
            require(static_cast<Index>(array.size()) == wanted[i].size,
                    "A custom part gave an array of another size than it should.");
            std::copy_n(array.data(), array.size(), wanted[i].data);
        }
    }

    // Texts, numbers, lists and dictionaries of them.
    static nb::object to_python(const Spec& spec) {
        if (spec.is_text()) return nb::cast(spec.text());
        if (spec.is_number()) return nb::cast(spec.integer());
        if (spec.is_dict()) {
            nb::dict result;
            for (const auto& [name, value] : spec.dict()) result[name.c_str()] = to_python(value);
            return result;
        }
        nb::list result;
        for (const Spec& item : spec.list()) result.append(to_python(item));
        return result;
    }

    mutable nb::object object_;
};

} // namespace

Spec to_part(nb::handle object) {
    const auto forget = [](const CustomPart* part) { // by whichever thread was the last to use it
        nb::gil_scoped_acquire gil;
        delete part;
    };
    return Spec(std::shared_ptr<const CustomPart>(new PythonPart(nb::borrow(object)), forget));
}

void CustomParts::collect(const Spec& spec) {
    if (spec.is_part()) parts_.push_back(spec.part());
    if (spec.is_list())
        for (const Spec& item : spec.list()) collect(item);
    if (spec.is_dict())
        for (const auto& [name, value] : spec.dict()) collect(value);
}
int CustomParts::visit(visitproc visit, void* arg) const {
    for (const auto& part : parts_) Py_VISIT(static_cast<const PythonPart&>(*part).seen());
    return 0;
}
void CustomParts::clear() const {
    for (const auto& part : parts_) static_cast<const PythonPart&>(*part).forget();
}

} // namespace ravine::bindings
