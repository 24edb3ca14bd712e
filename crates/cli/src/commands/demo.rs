//! `iot-home demo`: a simulated home on loopback, driven by the real clients over real sockets.
//!
//! Every detail that is printed was read back from a device or counted on the wire.

mod bulb_steps;
mod bulbs;
mod cloud_steps;
mod clouds;
mod home;
mod mi_cloud;
mod steps;
mod whole;

use std::time::Duration;

use serde::Serialize;
use tokio::time::{self, Instant};

use self::bulbs::Bulbs;
use self::clouds::Clouds;
use self::home::Home;
use self::whole::Whole;
use super::Context;
use crate::failure::{Failure, Outcome, Verdict};
use crate::output::{Output, Table, Tone};

pub(super) async fn run(context: &Context) -> Outcome {
    let started = Instant::now();
    let mut show = Show { output: &context.output, ok: true };
    let home = match Home::start(context).await {
        Ok(home) => home,
        Err(problem) => {
            show.step("start", Err(problem))?;
            return Ok(Verdict::NotOk);
        }
    };
    let whole = match Whole::start(context).await {
        Ok(whole) => whole,
        Err(problem) => {
            show.step("start", Err(problem))?;
            return Ok(Verdict::NotOk);
        }
    };
    show.home(&home, &whole)?;
    let played = time::timeout(LIMIT, play(&mut show, &home, &whole)).await;
    played.unwrap_or_else(|_| show.step("time", Err(format!("not done within {LIMIT:?}"))))?;
    show.summary(&home, started.elapsed())?;
    Ok(if show.ok { Verdict::Done } else { Verdict::NotOk })
}

async fn play(show: &mut Show<'_>, home: &Home, whole: &Whole) -> Result<(), Failure> {
    let mut found = None;
    show.run("discover", async {
        let devices = steps::discover(home).await?;
        Ok(found.insert(devices).told(home))
    })
    .await?;
    show.run("read", steps::read(home)).await?;
    show.run("write", steps::write(home)).await?;
    show.run("broken-json", steps::broken_json(home)).await?;
    show.run("property-limit", steps::property_limit(home)).await?;
    show.run("action", steps::action(home)).await?;
    show.run("restart", steps::restart(home)).await?;
    show.run("reboot", steps::reboot(home)).await?;
    show.run("shown-token", steps::shown_token(home, found.as_ref())).await?;
    show.run("one-socket", steps::one_socket(home)).await?;
    show.run("wrong-token", steps::wrong_token(home)).await?;
    play_bulbs(show, &home.bulbs).await?;
    play_clouds(show, &home.clouds).await?;
    play_mi_cloud(show, home).await?;
    play_whole(show, whole).await
}

async fn play_bulbs(show: &mut Show<'_>, bulbs: &Bulbs) -> Result<(), Failure> {
    let mut found = Vec::new();
    show.run("bulbs", async {
        let (bulbs, told) = bulb_steps::search(bulbs).await?;
        found = bulbs;
        Ok(told)
    })
    .await?;
    show.run("notification", bulb_steps::colour(bulbs, &found)).await?;
    show.run("flow", bulb_steps::flow(bulbs)).await?;
    show.run("music-mode", bulb_steps::music(bulbs)).await?;
    show.run("udp-session", bulb_steps::udp(bulbs)).await?;
    show.run("quota", bulb_steps::quota(bulbs)).await?;
    show.run("garbage", bulb_steps::babble(bulbs)).await?;
    show.run("reconnect", bulb_steps::reconnect(bulbs)).await
}

async fn play_clouds(show: &mut Show<'_>, clouds: &Clouds) -> Result<(), Failure> {
    let mut online = None;
    show.run("cloud-logins", async {
        let (sessions, told) = cloud_steps::log_in(clouds).await?;
        online = Some(sessions);
        Ok(told)
    })
    .await?;
    // Without sessions there is nothing that could be seen of the rest.
    let Some(online) = &mut online else { return Ok(()) };
    show.run("report", cloud_steps::report(clouds, online)).await?;
    show.run("property-set", cloud_steps::set(clouds, online)).await?;
    show.run("in-flight", cloud_steps::in_flight(clouds, online)).await?;
    show.run("wrong-secret", cloud_steps::wrong_secret(clouds)).await
}

async fn play_mi_cloud(show: &mut Show<'_>, home: &Home) -> Result<(), Failure> {
    let (mi, lamp) = (&home.mi, &home.lamp.device);
    show.run("mi-cloud", mi_cloud::log_in(mi, lamp)).await?;
    show.run("mi-property", mi_cloud::property(mi, lamp)).await?;
    show.run("mi-expired", mi_cloud::expired(mi, lamp)).await
}

async fn play_whole(show: &mut Show<'_>, whole: &Whole) -> Result<(), Failure> {
    show.run("home-discover", whole::found(whole)).await?;
    show.run("home-list", whole::listed(whole)).await?;
    show.run("home-set", whole::set(whole)).await?;
    show.run("home-cut", whole::cut(whole)).await?;
    show.run("home-back", whole::back(whole)).await?;
    show.step("home-once", whole::once(whole))
}

/// What went wrong, in its own words.
fn told(error: impl Into<Failure>) -> String {
    match error.into() {
        Failure::Report(report) => report.message,
        Failure::Closed => "closed".into(),
    }
}

/// Told to the audience, step by step.
struct Show<'a> {
    output: &'a Output,
    ok: bool,
}

#[derive(Serialize)]
struct Step<'a> {
    step: &'a str,
    ok: bool,
    detail: &'a str,
}

impl Show<'_> {
    async fn run(
        &mut self,
        name: &'static str,
        step: impl Future<Output = Result<String, String>>,
    ) -> Result<(), Failure> {
        let waiting = self.output.waiting(name);
        let result = step.await;
        drop(waiting);
        self.step(name, result)
    }

    fn step(&mut self, name: &str, result: Result<String, String>) -> Result<(), Failure> {
        let ok = result.is_ok();
        self.ok &= ok;
        let (Ok(detail) | Err(detail)) = &result;
        self.output.print(&Step { step: name, ok, detail }, |step, style| {
            let (mark, tone) = if ok { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
            let name = format!("{:<14}", step.step);
            format!(
                "{} {}  {}",
                style.paint(tone, mark),
                style.paint(Tone::Name, &name),
                step.detail
            )
        })
    }

    fn home(&self, home: &Home, whole: &Whole) -> Result<(), Failure> {
        if self.output.json() {
            return Ok(());
        }
        let style = self.output.style();
        let mut table = Table::new(&["device", "model", "what is special about it"]);
        for member in home.members() {
            let model = member.device.model().to_owned();
            table.row([member.name.to_owned(), model, member.character.to_owned()]);
        }
        for member in home.bulbs.members() {
            let model = format!("yeelink.light.{}", member.bulb.model());
            table.row([member.name.to_owned(), model, member.character.to_owned()]);
        }
        let (kettle, curtain) = (&home.clouds.kettle, &home.clouds.curtain);
        table.row([kettle.name, &kettle.product, kettle.character].map(ToOwned::to_owned));
        table.row([curtain.name, &curtain.product, curtain.character].map(ToOwned::to_owned));
        self.output
            .text("A simulated home, inside this process; all packets stay on loopback.\n\n")?;
        self.output.text(&(table.render(style) + "\n"))?;
        self.output.text(&whole::introduction(whole))
    }

    fn summary(&self, home: &Home, took: Duration) -> Result<(), Failure> {
        if self.output.json() {
            return Ok(());
        }
        let style = self.output.style();
        let headings = ["device", "address", "did", "packets", "lost", "answers", "refused"];
        let mut table = Table::new(&headings);
        for member in home.members() {
            let report = member.device.report();
            table.row([
                member.name.to_owned(),
                member.device.addr().to_string(),
                member.device.did().to_string(),
                report.datagrams.to_string(),
                (report.dropped_in + report.dropped_out).to_string(),
                report.answers.to_string(),
                report.violations.total().to_string(),
            ]);
        }
        self.output.text(&format!("\n{}", table.render(style)))?;
        let headings = ["bulb", "address", "id", "commands", "answers", "notifications", "refused"];
        let mut table = Table::new(&headings);
        for member in home.bulbs.members() {
            let report = member.bulb.report();
            table.row([
                member.name.to_owned(),
                member.bulb.addr().to_string(),
                member.bulb.id().to_string(),
                report.commands.to_string(),
                report.answers.to_string(),
                report.pushes.to_string(),
                report.violations.total().to_string(),
            ]);
        }
        self.output.text(&format!("\n{}", table.render(style)))?;
        let headings = ["platform", "address", "logins", "refused", "messages", "answers"];
        let mut table = Table::new(&headings);
        let report = home.clouds.platform.report();
        table.row([
            "aliyun, tencent".to_owned(),
            home.clouds.platform.tls_addr().to_string(),
            report.logins.to_string(),
            report.refused.to_string(),
            report.received.to_string(),
            report.sent.to_string(),
        ]);
        let report = home.mi.cloud.report();
        table.row([
            "mi home".to_owned(),
            home.mi.cloud.addr().to_string(),
            report.logins().to_string(),
            report.violations.total().to_string(),
            report.requests.to_string(),
            report.requests.to_string(),
        ]);
        self.output.text(&format!("\n{}", table.render(style)))?;
        let (verdict, tone) = if self.ok {
            ("everything worked", Tone::Good)
        } else {
            ("something did not work", Tone::Bad)
        };
        let took = format!("in {:.1} s", took.as_secs_f64());
        self.output.text(&format!("\n{} {took}", style.paint(tone, verdict)))?;
        if self.ok {
            self.output.note("next: iot-home discover");
        }
        Ok(())
    }
}

/// All of it takes six or seven seconds.
const LIMIT: Duration = Duration::from_secs(9);
