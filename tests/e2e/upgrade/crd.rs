//! The CRD of `PamCredential` as another version of the operator would have it.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, Patch, PatchParams};
use local_cluster::wait_until;
use serde_json::Value;

use crate::support::{PATIENCE, World};

const NAME: &str = "pamcredentials.pam-operator.io";

/// The definition that this version brings.
pub fn current() -> Value {
    let all = pam_operator::api::crds();
    let found = all.iter().find(|crd| crd.metadata.name.as_deref() == Some(NAME));
    serde_json::to_value(found.unwrap()).unwrap()
}

/// This version's definition with a change to the properties of its objects (`spec`, `status`).
pub fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut crd = current();
    change(&mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]);
    crd
}

impl World {
    /// Puts a definition in the place of the one that is there, as an upgrade does.
    pub async fn define(&self, crd: &Value) {
        let api = Api::<CustomResourceDefinition>::all(self.client.clone());
        let params = PatchParams::apply("kubectl").force();
        api.patch(NAME, &params, &Patch::Apply(crd)).await.unwrap();
    }

    /// Waits until the API server goes by a definition: until it says this of an object that it is asked about (and does
    /// not store). Several times in a row, as it may still change handlers.
    pub async fn is_defined(&self, object: Value, so: impl Fn(&Result<Value, String>) -> bool) {
        wait_until("the definition to be in force", PATIENCE, async || {
            for _ in 0..3 {
                let said = self.judged(&object).await;
                anyhow::ensure!(so(&said), "{said:?}");
            }
            self.credentials().list(&kube::api::ListParams::default()).await?;
            Ok(())
        })
        .await
        .unwrap();
    }

    /// What the API server makes of an object, or says against it.
    pub async fn judged(&self, object: &Value) -> Result<Value, String> {
        let params = kube::api::PostParams { dry_run: true, ..kube::api::PostParams::default() };
        let resource = kube::discovery::ApiResource::erase::<pam_operator::api::PamCredential>(&());
        let api = Api::<kube::api::DynamicObject>::namespaced_with(self.client.clone(), &self.namespace, &resource);
        match api.create(&params, &serde_json::from_value(object.clone()).unwrap()).await {
            Ok(made) => Ok(serde_json::to_value(made).unwrap()),
            Err(kube::Error::Api(status)) => Err(status.message),
            Err(other) => panic!("{other}"),
        }
    }
}
