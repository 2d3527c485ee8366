//! Objects in namespaces that this operator does not watch any more: their status says so, and a deleted one can go (P7).

use kube::Client;

use crate::api::MySafePassword;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::outside::Outside;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::{act, observe, report};
use crate::domain::DigestsOf;
use crate::domain::safe_password::decide;

impl Outside<MySafePassword> for Context {
    fn client(&self) -> Client {
        self.cluster.client.clone()
    }

    async fn tell(&self, object: &MySafePassword) -> Result<bool, Error> {
        let mut observed = observe::from_cache(object, self);
        let may_have = observed.finalizer && observed.status.digests_of(&observed.keyed) == DigestsOf::Nobody;
        let why = format!("Namespace {} is not among this operator's watchNamespaces", observed.key.namespace);
        if observe::left_to_others(&mut observed, &why) {
            return Ok(may_have);
        }
        observe::refresh_namespace_terminating(&mut observed, self).await?;
        let decision = decide(&observed.situation());
        let outcome = act::carry_out(&observed, decision, self).await?;
        report::write(&observed, decision, &outcome, self).await.map(|_| true)
    }

    fn forget_outside(&self, object: &MySafePassword) {
        self.forget(&NamespacedName::of(object), object.metadata.uid.as_deref().unwrap_or_default());
    }
}
