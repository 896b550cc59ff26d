// Checkpoints that PyTorch's torch.save() wrote (.pt, .pth, .th, .pth.tar): read here, without PyTorch.
//
// Since PyTorch 1.6 a checkpoint is a zip archive: a pickle of what was saved, in which a tensor is a view of a
// numbered storage, and an entry for each storage. Before, it was a chain: five pickles (a magic number, the
// version of the format, the machine, what was saved, the storages' keys), then the storages. Which values a
// pickle may hold is a closed list; nothing in it is executed (pickle.hpp).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/io/stored_tensor.hpp"

namespace nibble {

/// Whether it begins as a checkpoint of either format does.
bool is_pytorch(std::string_view file);

/// The tensors of the state_dict, row by row, whatever their strides were. The state_dict is what was saved, or
/// a dictionary in it that is called state_dict, model_state_dict, model, net, or as else is usual. What lies
/// beside it, as a float or an optimizer's state, is left out. Throws BadInput for damaged and hostile files
/// and for what is no state_dict.
std::map<std::string, StoredTensor> pytorch_from(std::string_view file, const std::string& where);

}  // namespace nibble
