//! What differs between product versions, each difference over the wire (API 2.9, 3, 6.1).

mod answers;
mod forms;
mod pages;
mod records;
mod routes;

use pam_simulator::ProductVersion;

/// The versions under `/iso` and those under `/api`.
fn old() -> Vec<ProductVersion> {
    ProductVersion::ALL.into_iter().filter(|&version| version <= ProductVersion::V3_32).collect()
}

fn new() -> Vec<ProductVersion> {
    ProductVersion::ALL.into_iter().filter(|&version| version > ProductVersion::V3_32).collect()
}
