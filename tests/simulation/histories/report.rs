//! Prints objects, records and writes of a history that failed.

use pam_simulator::Kind;

use super::runner::Run;
use super::steps::Who;
use crate::support::CANARY;

impl Run {
    /// What is there, for a failure.
    pub fn told(&self) -> String {
        let objects = Who::all().filter_map(|who| {
            let credential = self.credential(who)?;
            let status = serde_json::to_string(&credential.status).unwrap();
            Some(format!("{who:?} {:?}\n    {status}", self.model.object(who).wanted))
        });
        let records = self.world.sim.records();
        let records = records.iter().map(|record| {
            let writes = self.world.sim.writes_of(&record.id);
            let last = writes.last().map(|write| (write.at, write.value.reveal().replace(CANARY, "")));
            format!(
                "record {} {:?} {}@{} {} {last:?}",
                record.id, record.identifier, record.username, record.hostname, record.change
            )
        });
        let posts = self.world.sim.journal();
        let posts = posts.entries().iter().filter(|entry| !matches!(entry.kind, Kind::ListCredentials | Kind::Token));
        let posts = posts.map(|post| {
            let content = self.world.sim.body_of(post.seq);
            let content = content.and_then(|body| Some(body["content"].as_str()?.replace(CANARY, "")));
            format!(
                "{} {:?} {:?} record {:?} value {content:?} fault {:?} {:?} {:?}",
                post.at, post.kind, post.target, post.record, post.fault, post.status, post.commit
            )
        });
        objects.chain(records).chain(posts).collect::<Vec<_>>().join("\n")
    }
}
