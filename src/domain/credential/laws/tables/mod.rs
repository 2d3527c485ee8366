//! Tables written by hand, each compared with the code cell by cell: whose record may be written, what the reasons say, and
//! which row of a list is which record.

mod p4_table;
mod reasons;
mod sight;

use super::*;
