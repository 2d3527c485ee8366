//! Credentials in namespaces that this operator does not watch any more: their status says so, and a deleted one can go (P7).

use kube::Client;

use crate::api::PamCredential;
use crate::controller::credential::context::Context;
use crate::controller::credential::{act, observe, report};
use crate::controller::runtime::error::Error;
use crate::controller::runtime::outside::Outside;
use crate::domain::{DigestsOf, decide};

impl Outside<PamCredential> for Context {
    fn client(&self) -> Client {
        self.cluster.client.clone()
    }

    async fn tell(&self, object: &PamCredential) -> Result<bool, Error> {
        tell(object, self).await
    }

    fn forget_outside(&self, object: &PamCredential) {
        self.forget_outside(object);
    }
}

/// One pass over a credential outside the watched namespaces. Returns whether this operator served it, or may have.
async fn tell(credential: &PamCredential, context: &Context) -> Result<bool, Error> {
    let mut observed = observe::from_cache(credential, context);
    let may_have = observed.situation.finalizer && observed.status.digests_of(&observed.keyed) == DigestsOf::Nobody;
    let why = format!("Namespace {} is not among this operator's watchNamespaces", observed.key.namespace);
    if observe::left_to_others(&mut observed, &why) {
        return Ok(may_have);
    }
    observe::refresh_namespace_terminating(&mut observed, context).await?;
    let decision = decide(&observed.situation);
    let outcome = act::carry_out(&observed, decision, context).await?;
    report::write(&observed, decision, &outcome, context).await.map(|_| true)
}
