//! P1, P7: stricter or wider CRDs, and statuses of another operator version, lock no object and push nothing.
//!
//! Each test has a control plane of its own, since every object of a cluster is seen through one CRD.

mod crd;
mod operator_versions;
mod stricter_schema;
