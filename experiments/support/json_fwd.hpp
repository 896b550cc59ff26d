// Json by name only: headers mention it, few of its files need the whole of it.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace nibble {
using Json = nlohmann::json;  // as in engine/core/json.hpp
}
