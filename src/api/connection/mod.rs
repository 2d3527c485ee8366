//! What both kinds of connection have: where a PAM is, how to log in to it, and what is known of it.

mod auth;
mod brake;
mod duration;
mod inventory;
mod limits;
mod product;
mod proxy;
mod spec;
mod status;
mod tls;

pub use auth::{Auth, ClientSecretRef, Oauth2, TokenRequest};
pub use brake::DisableBrake;
pub use inventory::InventorySettings;
pub use limits::Limits;
pub use product::Product;
pub use proxy::{BasicAuthSecretRef, Proxy};
pub(super) use proxy::{NO_PROXY, PROXY_URL};
pub use spec::ConnectionSpec;
pub(super) use spec::{API_PATH, HTTPS_URL};
pub use status::{HeldNamespace, InventoryStatus, NamespaceInventory, PamConnectionStatus, RecentDisables};
pub(super) use tls::BASE64;
pub use tls::{CaBundleKind, CaBundleRef, ClientCertificateSecretRef, Tls};
