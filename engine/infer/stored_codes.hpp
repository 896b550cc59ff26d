// Codes, steps (scales) and quantizers in a safetensors file, as both of our file formats store them: networks that run as
// integers (file.hpp) and networks that run in floats on the values of codes (quantized_file.hpp).
//
//     <prefix>codes          U8   packed (quant/packing.hpp)
//     <prefix>steps          F32  one, or one per output channel
//     <prefix>multipliers    U8   only with group scales, [out][groups][kh][kw]
//     <prefix>term2.outputs  U32  of a sum's second term: the output channels that it covers; likewise term3, ...
//     <prefix>term2.codes    U8
//     <prefix>term2.steps    F32
#pragma once

#include <cstring>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/io/safetensors.hpp"
#include "engine/quant/quantized.hpp"

namespace nibble {

/// Wraps a vector as a tensor of rank 1.
template <class T>
StoredTensor stored(const char* dtype, const std::vector<T>& values) {
    StoredTensor tensor{dtype, {values.size()}, {}};
    const auto bytes = std::as_bytes(std::span(values));
    tensor.bytes.assign(bytes.begin(), bytes.end());
    return tensor;
}

/// Reads the tensors of a file by name and tracks which were read. `where` is the prefix of error messages; `file` must
/// outlive it.
class StoredTensors {
  public:
    StoredTensors(const Safetensors& file, std::string where);

    /// Throws BadInput if the tensor is missing or has another dtype; T must be what `dtype` says.
    template <class T>
    std::vector<T> take(const std::string& name, const char* dtype) {
        const StoredTensor& tensor = find(name, dtype);
        std::vector<T> values(tensor.bytes.size() / sizeof(T));
        if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), values.size() * sizeof(T));
        return values;
    }
    /// The same, with its shape.
    Array<float> take_array(const std::string& name);
    /// Throws BadInput if any tensor was not taken.
    void finish() const;
    const std::string& where() const { return where_; }

  private:
    const StoredTensor& find(const std::string& name, const char* dtype);

    const Safetensors& file_;
    std::string where_;
    std::set<std::string> unused_;
};

/// The prefix of extra term 0, 1, ...: "004.term2.", "004.term3."; the first term has the plain prefix "004.".
std::string term_prefix(const std::string& prefix, std::size_t extra);

void store(const QuantizedWeights& weights, const std::string& prefix, Safetensors& file);
/// `weights` must have its scheme and shape set already. Throws BadInput for sizes that do not fit.
void take(StoredTensors& tensors, const std::string& prefix, QuantizedWeights& weights);

/// {"scheme", "rounding", "multiplier", "step"}. Multipliers per channel are an F32 tensor, which the caller stores and
/// `multipliers` names.
Json to_json(const Quantizer& quantizer);
Quantizer quantizer_from(const Json& json, StoredTensors& tensors, const std::string& multipliers);

}  // namespace nibble
