// The baseline and starting point: alpha = max |T| / highest, the smallest scale that clips nothing. (Where
// the lowest code is nearer to 0 than the highest, as in mirrored codes, it is the one that counts.)
#pragma once

#include "engine/quant/mmse/problem.hpp"

namespace nibble::mmse {

Scale max_abs(const Distribution& t, Codes codes);

}  // namespace nibble::mmse
