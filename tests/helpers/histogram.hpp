#pragma once

#include <vector>

#include "engine/quant/calibration/histogram.hpp"

namespace nibble::test {

inline Histogram histogram_of(const std::vector<float>& values) {
    Histogram h;
    h.add(values);
    return h;
}

}  // namespace nibble::test
