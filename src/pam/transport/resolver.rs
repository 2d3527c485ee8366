//! Name resolution for connections whose addresses are checked.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::pam::endpoint::{AddressKind, AddressPolicy};

/// Resolves a name once, and returns the addresses that it checked. The HTTP client connects to these and does not
/// resolve again, so that a name which resolves to another address a moment later gains nothing.
pub(super) struct CheckedResolver(pub(super) AddressPolicy);

/// The error of a name that resolves to a refused address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name leads to {0}")]
pub(super) struct AddressRefused(pub(super) AddressKind);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let admitted: Addrs = Box::new(admit(&policy, found)?.into_iter());
            Ok(admitted)
        })
    }
}

/// Admits all addresses or none: an honest name has no refused address among its good ones.
fn admit(policy: &AddressPolicy, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, AddressRefused> {
    for address in &found {
        policy.check_address(address.ip()).map_err(AddressRefused)?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pam::AllowedHosts;

    fn policy(entries: &[&str]) -> AddressPolicy {
        AddressPolicy::Checked { allowed_hosts: AllowedHosts::parse(entries.iter().copied()).unwrap() }
    }

    #[test]
    fn one_refused_address_refuses_the_name() {
        let found = |list: &[&str]| list.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect::<Vec<_>>();
        let good = found(&["10.0.0.7", "fd12::1"]);
        assert_eq!(admit(&policy(&[]), good.clone()), Ok(good));
        let mixed = found(&["10.0.0.7", "::ffff:169.254.169.254"]);
        assert_eq!(admit(&policy(&[]), mixed.clone()), Err(AddressRefused(AddressKind::Metadata)));
        assert_eq!(admit(&policy(&["169.254.169.254"]), mixed.clone()), Ok(mixed));
    }

    #[tokio::test]
    async fn a_listed_name_that_leads_to_this_machine_is_refused() {
        let resolve = |entries| CheckedResolver(policy(entries)).resolve("localhost".parse().unwrap());
        let refused = resolve(&["localhost"]).await.err().unwrap();
        assert_eq!(refused.downcast_ref(), Some(&AddressRefused(AddressKind::Loopback)));
        assert!(resolve(&["localhost", "127.0.0.0/8", "::1"]).await.is_ok_and(|found| found.count() > 0));
    }
}
