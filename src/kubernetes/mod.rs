//! Calls to the Kubernetes API and names of its objects, for whatever part of the library speaks with a cluster.

mod call;
mod kubeconfig;
mod name;
mod only_keys;
mod version;

pub use call::{CallError, bounded};
pub use kubeconfig::{config_of, first_variable};
pub use name::NamespacedName;
pub use only_keys::OnlyKeys;
pub use version::Version;
