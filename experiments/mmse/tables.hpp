// The tables of the experiment mmse, in the order and form of the paper's own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "experiments/mmse/methods.hpp"
#include "experiments/support/table.hpp"

namespace nibble::mmse {

/// A table with the heading it has in the report, and the file name it has there.
struct NamedTable {
    std::string heading, name, text;  ///< text: what to know when reading it
    Table table;
};

/// All that have a row in the grid.
std::vector<NamedTable> tables(const ResultTable& table);

/// Of the paper, by name: "-weights", "-both", "-unbiased".
std::map<std::string, Table> tables_for_print(const ResultTable& table);

/// What README.md shows: the float network, 8 bits, and the paper's steps at 4 bits.
Table summary_table(const ResultTable& table);

}  // namespace nibble::mmse
