//! CRDs that a later version made stricter or wider, and statuses that another version left: each test on a control
//! plane of its own, since every object of a cluster is seen through one CRD.

mod crd;
mod operator_versions;
mod stricter_schema;
