//! Asks for the pushes: of all objects, before anything is waited for.

use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use tokio::time::interval;

use super::args::SyncArgs;
use super::item::{Ended, Request, SyncItem};
use super::progress::Lines;
use crate::cluster::{Cluster, failed};
use crate::dry_run::DryRun;
use crate::exit::Failure;
use crate::interrupt::Interruption;
use crate::objects::PamObject;

/// How many requests are under way at once.
const AT_ONCE: usize = 8;
/// The time from one look at the progress to the next.
const TICK: Duration = Duration::from_secs(1);
/// The field manager of the annotations.
const MANAGER: &str = "kubectl-pam";

/// What came of asking.
pub struct Asked {
    /// The request.
    pub request: Request,
    /// The objects whose push was asked for.
    pub objects: Vec<PamObject>,
    /// The others.
    pub others: Vec<SyncItem>,
    /// Whether the user interrupted the command before all were asked for.
    pub interrupted: bool,
}

/// Asks for the push of each object. An interruption lets the requests end that are under way.
pub async fn all(
    args: &SyncArgs,
    cluster: &Cluster,
    objects: Vec<PamObject>,
    lines: &mut Lines,
    interruption: &Interruption,
) -> Result<Asked, Failure> {
    let text = format!("{:.0}-{:08x}", Timestamp::now(), rand::random::<u32>());
    let request = Request { text, value: args.push_value };
    let ask = |object: PamObject| {
        let request = &request;
        async move {
            if interruption.has_come() {
                return (object, None);
            }
            let answer = one(args, cluster, request, &object).await;
            (object, Some(answer))
        }
    };
    let mut asked = Asked { request: request.clone(), objects: Vec::new(), others: Vec::new(), interrupted: false };
    let mut answers = stream::iter(objects).map(ask).buffered(AT_ONCE);
    let mut tick = interval(TICK);
    loop {
        tokio::select! {
            answer = answers.next() => match answer {
                Some((object, answer)) => asked.take(object, answer, lines)?,
                None => break,
            },
            _ = tick.tick() => lines.tick(),
        }
    }
    drop(answers);
    Ok(asked)
}

async fn one(args: &SyncArgs, cluster: &Cluster, request: &Request, object: &PamObject) -> Result<(), Failure> {
    let api = object.kind.api(cluster, Some(&object.namespace()));
    let patch = Patch::Merge(patch(request, object));
    let params = PatchParams {
        dry_run: args.dry_run == Some(DryRun::Server),
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let action = format!("ask for the push of {} {}", object.kind, object.name());
    match cluster.answer(&action, api.patch_metadata(&object.name(), &params, &patch)).await? {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(&action, &error)),
    }
}

/// Returns the patch that asks. The uid has the API server refuse an object that was made under the name since the user agreed.
fn patch(request: &Request, object: &PamObject) -> Value {
    let uid = &object.object.metadata.uid;
    json!({ "metadata": { "uid": uid, "annotations": { request.annotation(): request.text } } })
}

impl Asked {
    fn take(
        &mut self,
        object: PamObject,
        answer: Option<Result<(), Failure>>,
        lines: &mut Lines,
    ) -> Result<(), Failure> {
        if answer.is_some() {
            lines.asked();
        }
        match answer {
            None => {
                self.interrupted = true;
                self.others.push(SyncItem::of(&object, Ended::NotAsked));
            }
            Some(Ok(())) => self.objects.push(object),
            Some(Err(failure)) => {
                let item = SyncItem::refused(&object, failure.message);
                lines.ended(&item)?;
                self.others.push(item);
            }
        }
        Ok(())
    }

    /// Returns how the objects end where nobody waits for them.
    pub fn without_wait(self, dry_run: bool, lines: &mut Lines) -> Result<Vec<SyncItem>, Failure> {
        lines.end();
        let ended = if dry_run { Ended::WouldBeAsked } else { Ended::Asked };
        let mut items: Vec<SyncItem> = self.objects.iter().map(|object| SyncItem::of(object, ended)).collect();
        for item in &items {
            lines.ended(item)?;
        }
        if self.interrupted {
            let (asked, of) = (items.len(), items.len() + self.others.len());
            let asked = if dry_run {
                format!("{asked} of {of} were tried")
            } else {
                format!("{asked} of {of} were asked for, and the operator pushes those")
            };
            lines.say(&format!("interrupted: {asked}. Run the command again for the others"));
        }
        items.extend(self.others);
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Kind;
    use kube::api::DynamicObject;

    #[test]
    fn what_is_asked_for_is_asked_of_the_object_that_was_shown() {
        let mut object = DynamicObject::new("db", &Kind::PamCredential.resource());
        object.metadata.uid = Some("u1".to_owned());
        let object = PamObject { kind: Kind::PamCredential, object };
        let request = Request { text: "now".to_owned(), value: true };
        let annotations = json!({"pam-operator.io/push-value-requested-at": "now"});
        assert_eq!(patch(&request, &object), json!({"metadata": {"uid": "u1", "annotations": annotations}}));
    }
}
