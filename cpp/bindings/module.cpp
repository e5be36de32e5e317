// The extension module: an index of what it binds.
#include "convert.hpp"

#include "ravine/kernels/gemm.hpp"

namespace ravine::bindings {

Spec to_spec(nb::handle object) {
    if (object.is_none()) return Spec();
    if (nb::isinstance<nb::bool_>(object)) return Spec(nb::cast<bool>(object));
    if (nb::isinstance<nb::int_>(object)) return Spec(nb::cast<std::int64_t>(object));
    if (nb::isinstance<nb::float_>(object)) return Spec(nb::cast<double>(object));
    if (nb::isinstance<nb::str>(object)) return Spec(nb::cast<std::string>(object));
    if (nb::isinstance<nb::dict>(object)) {
        Spec::Dict result;
        for (auto [key, value] : nb::borrow<nb::dict>(object))
            if (const auto name = nb::cast<std::string>(key); name == "part")
                result[name] = to_part(value);
            else
                result[name] = to_spec(value);
        return Spec(std::move(result));
    }
    if (nb::isinstance<nb::list>(object) || nb::isinstance<nb::tuple>(object)) {
        Spec::List result;
        for (nb::handle value : object) result.push_back(to_spec(value));
        return Spec(std::move(result));
    }
    throw EngineError("A spec holds numbers, texts, lists and dictionaries, not " +
                      nb::cast<std::string>(nb::str(object.type())) + ".");
}

void require(bool good, const char* message) {
    if (!good) throw EngineError(message);
}

} // namespace ravine::bindings

#ifndef RAVINE_MODULE
#define RAVINE_MODULE _engine
#endif

NB_MODULE(RAVINE_MODULE, m) {
    using namespace ravine::bindings;
    m.doc() = "ravine's native engine. Use it through the ravine package: nothing here checks as much as "
              "that does.";
    nb::register_exception_translator([](const std::exception_ptr& p, void*) {
        try {
            std::rethrow_exception(p);
        } catch (const ravine::EngineError& error) {
            nb::object type = nb::module_::import_("ravine.errors").attr("ParameterError");
            PyErr_SetString(type.ptr(), error.what());
        }
    });
    m.def("load_blas", &ravine::blas::load, nb::arg("path"), "Load the OpenBLAS library at `path`, once.");
    bind_losses(m);
    bind_network(m);
    bind_optimizers(m);
    bind_training(m);
}
