// The baseline and starting point, in the two forms that are in use. Example with codes -8..7 and max |T| = 1:
//
//     max_abs        alpha = max |T| / highest = 1/7: the smallest scale that clips nothing. (Where the lowest code
//                    is nearer to 0 than the highest, as in mirrored codes, it is the one that counts.)
//     max_abs_full   alpha = 2 max |T| / (highest - lowest) = 2/15: all codes spread over [-max |T|, max |T|]; a
//                    value of max |T| = 7.5 alpha is clipped to 7 alpha. Codes that are symmetric or unsigned: as
//                    max_abs.
#pragma once

#include "engine/quant/mmse/solvers/problem.hpp"

namespace nibble::mmse {

Scale max_abs(const Distribution& t, Codes codes);
Scale max_abs_full(const Distribution& t, Codes codes);

}  // namespace nibble::mmse
