//! Looks whether all is as it should be, after it was measured: a list of all objects is work for the API server.

use anyhow::{Result, ensure};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, ListParams},
};

use crate::world::World;

const PAGE: u32 = 500;

/// Fails unless every object is Ready.
pub async fn all_ready(world: &World) -> Result<()> {
    let api = credentials(&world.client);
    let (mut params, mut ready, mut other) = (ListParams::default().limit(PAGE), 0, None);
    loop {
        let page = api.list(&params).await?;
        for object in page.items {
            if is_ready(&object) { ready += 1 } else { other = Some(object.data["status"].to_string()) }
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    ensure!(ready == world.plan.objects, "{ready} of {} objects are Ready; another is {other:?}", world.plan.objects);
    Ok(())
}

fn credentials(client: &Client) -> Api<DynamicObject> {
    let resource = ApiResource {
        group: "pam-operator.io".into(),
        version: "v1alpha1".into(),
        api_version: "pam-operator.io/v1alpha1".into(),
        kind: "PamCredential".into(),
        plural: "pamcredentials".into(),
    };
    Api::all_with(client.clone(), &resource)
}

fn is_ready(object: &DynamicObject) -> bool {
    let conditions = object.data["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}
