#include "engine/onnx/attributes.hpp"

#include "engine/core/error.hpp"

namespace nibble::onnx {

namespace {
template <class T>
T attribute_or(const Operation& op, const char* name, T fallback) {
    const auto found = op.attributes.find(name);
    if (found == op.attributes.end()) return fallback;
    if (const T* value = std::get_if<T>(&found->second)) return *value;
    throw BadInput(std::string("attribute ") + name + ": is of another type than ONNX says");
}
}  // namespace

std::vector<std::int64_t> list_of(const Operation& op, const char* name,
                                  const std::vector<const Tensor*>& operands, std::size_t index) {
    if (index < operands.size() && operands[index]) return operands[index]->ints();
    return attribute_or(op, name, std::vector<std::int64_t>{});
}

std::int64_t attribute(const Operation& op, const char* name, std::int64_t fallback) {
    return attribute_or(op, name, fallback);
}
float attribute(const Operation& op, const char* name, float fallback) {
    return attribute_or(op, name, fallback);
}
std::string attribute(const Operation& op, const char* name, const std::string& fallback) {
    return attribute_or(op, name, fallback);
}

}  // namespace nibble::onnx
