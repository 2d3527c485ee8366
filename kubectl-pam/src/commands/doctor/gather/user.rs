//! What the user, or the operator's account, may do.

use futures::future::join_all;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec, SubjectAccessReview,
    SubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;

use super::known::known;
use crate::cluster::Cluster;
use crate::commands::doctor::args::DoctorArgs;
use crate::commands::doctor::facts::{Held, Known, Operator};
use crate::commands::doctor::rights::{self, Right};
use crate::operator;

/// Asks what the user may do. The question is kept nowhere.
pub async fn rights(args: &DoctorArgs, cluster: &Cluster, operators: &Known<Vec<Operator>>) -> Vec<Held> {
    let found = operators.found().and_then(|operators| operators.first()).map(|operator| operator.namespace.as_str());
    let home = args.login.operator_namespace().or(found).unwrap_or(operator::NAMESPACE);
    let api = Api::<SelfSubjectAccessReview>::all(cluster.client.clone());
    let ask = async |right: Right| {
        let spec = SelfSubjectAccessReviewSpec {
            resource_attributes: Some(attributes(&right)),
            ..SelfSubjectAccessReviewSpec::default()
        };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let params = PostParams::default();
        let held = match known(cluster, "ask what you may do", api.create(&params, &review)).await {
            Known::Is(answer) => Known::Is(answer.status.is_some_and(|status| status.allowed)),
            Known::Unknown(why) => Known::Unknown(why),
        };
        Held { right, held }
    };
    join_all(rights::of_user(home).into_iter().map(ask)).await
}

/// Asks what an account may do. The question is kept nowhere.
pub async fn rights_of(cluster: &Cluster, namespace: &str, account: &str, wanted: Vec<Right>) -> Vec<Held> {
    let api = Api::<SubjectAccessReview>::all(cluster.client.clone());
    let ask = async |right: Right| {
        let spec = SubjectAccessReviewSpec {
            user: Some(format!("system:serviceaccount:{namespace}:{account}")),
            groups: Some(groups(namespace)),
            resource_attributes: Some(attributes(&right)),
            ..SubjectAccessReviewSpec::default()
        };
        let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
        let params = PostParams::default();
        let held = match known(cluster, "ask what the operator may do", api.create(&params, &review)).await {
            Known::Is(answer) => Known::Is(answer.status.is_some_and(|status| status.allowed)),
            Known::Unknown(why) => Known::Unknown(why),
        };
        Held { right, held }
    };
    join_all(wanted.into_iter().map(ask)).await
}

fn groups(namespace: &str) -> Vec<String> {
    let of_namespace = format!("system:serviceaccounts:{namespace}");
    vec!["system:serviceaccounts".to_owned(), of_namespace, "system:authenticated".to_owned()]
}

fn attributes(right: &Right) -> ResourceAttributes {
    let (resource, subresource) = match right.resource.split_once('/') {
        Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
        None => (right.resource, None),
    };
    ResourceAttributes {
        group: Some(right.group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource,
        verb: Some(right.verb.to_owned()),
        namespace: right.namespace.clone(),
        name: right.name.map(str::to_owned),
        ..ResourceAttributes::default()
    }
}
