// A registry: the kinds of a family, such as the losses, and how each is made. A family is closed: what its
// registry does not hold cannot be made.
#pragma once

#include "spec.hpp"

#include <initializer_list>
#include <map>
#include <string>
#include <utility>

namespace ravine {

template <class Signature> class Registry;

template <class Made, class... From> class Registry<Made(From...)> {
public:
    using Maker = Made (*)(From...);

    Registry(std::initializer_list<std::pair<const std::string, Maker>> makers) : makers_(makers) {}

    // `family` is what messages call one of its kinds, such as "loss".
    Made make(const char* family, const std::string& kind, From... from) const {
        const auto found = makers_.find(kind);
        if (found == makers_.end()) throw EngineError(unknown(family, kind));
        return found->second(std::forward<From>(from)...);
    }

private:
    std::string unknown(const std::string& family, const std::string& kind) const {
        std::string names;
        for (const auto& [name, maker] : makers_) names += (names.empty() ? "" : ", ") + name;
        return "There is no " + family + " '" + kind + "'. There are: " + names + ".";
    }

    std::map<std::string, Maker> makers_;
};

} // namespace ravine
