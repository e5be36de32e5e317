// A spec: the plain data that describes a layer, an optimizer, a recipe … (a `kind` and its fields), as it
// comes from Python, from a recipe file or from a saved model. The engine reads nothing else.
#pragma once

#include "custom_part.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace ravine {

using Index = std::ptrdiff_t;

// What the engine throws when a spec or an argument breaks a rule that Python should have checked.
struct EngineError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Spec {
public:
    using List = std::vector<Spec>;
    using Dict = std::map<std::string, Spec>;

    Spec() = default; // none
    Spec(bool value) : value_(value) {}
    Spec(double value) : value_(value) {}
    Spec(std::int64_t value) : value_(value) {}
    Spec(int value) : value_(static_cast<std::int64_t>(value)) {}
    Spec(const char* value) : value_(std::string(value)) {}
    Spec(std::string value) : value_(std::move(value)) {}
    Spec(List value) : value_(std::make_shared<const List>(std::move(value))) {}
    Spec(Dict value) : value_(std::make_shared<const Dict>(std::move(value))) {}
    explicit Spec(std::shared_ptr<const CustomPart> part) : value_(std::move(part)) {}

    bool is_none() const { return std::holds_alternative<std::monostate>(value_); }
    bool is_text() const { return std::holds_alternative<std::string>(value_); }
    bool is_number() const {
        return std::holds_alternative<double>(value_) || std::holds_alternative<std::int64_t>(value_);
    }
    bool is_list() const { return std::holds_alternative<Shared<List>>(value_); }
    bool is_part() const { return std::holds_alternative<Shared<CustomPart>>(value_); }
    bool is_dict() const { return std::holds_alternative<Shared<Dict>>(value_); }

    double number() const {
        if (auto* integer = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*integer);
        return as<double>("a number");
    }
    Index integer() const {
        if (auto* real = std::get_if<double>(&value_); real && *real == static_cast<Index>(*real))
            return static_cast<Index>(*real);
        return static_cast<Index>(as<std::int64_t>("an integer"));
    }
    bool flag() const { return as<bool>("true or false"); }
    const std::string& text() const { return as<std::string>("a text"); }
    const List& list() const { return *as<Shared<List>>("a list"); }
    const Dict& dict() const { return *as<Shared<Dict>>("a dictionary"); }
    const std::shared_ptr<const CustomPart>& part() const { return as<Shared<CustomPart>>("a custom part"); }

    // The field `name` of a dictionary; none when it is absent.
    const Spec& operator[](const std::string& name) const {
        static const Spec none;
        auto found = dict().find(name);
        return found == dict().end() ? none : found->second;
    }
    bool has(const std::string& name) const { return !(*this)[name].is_none(); }
    double number(const std::string& name) const { return field(name).number(); }
    Index integer(const std::string& name) const { return field(name).integer(); }
    bool flag(const std::string& name) const { return field(name).flag(); }
    const std::string& text(const std::string& name) const { return field(name).text(); }
    const std::string& kind() const { return text("kind"); }

private:
    const Spec& field(const std::string& name) const {
        const Spec& value = (*this)[name];
        if (value.is_none()) throw EngineError("a spec lacks its field '" + name + "'");
        return value;
    }
    template <class V> const V& as(const char* what) const {
        if (auto* value = std::get_if<V>(&value_)) return *value;
        throw EngineError(std::string("a spec holds something else where ") + what + " is needed");
    }

    template <class V> using Shared = std::shared_ptr<const V>; // copies of a spec share what it holds
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Shared<List>, Shared<Dict>,
                 Shared<CustomPart>>
        value_;
};

} // namespace ravine
