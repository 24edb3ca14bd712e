//! `iot-home cloud get|set|action|rpc|scene run|beaconkey|call`: one call, and what came of it.

use iot_home::micloud::api::DataSource;
use iot_home::micloud::{Call, Mode, Region};
use iot_home::miio::ActionInput;
use iot_home::{ActionId, Did, MiotCode, PropertyId, PropertyResult};
use serde::Serialize;
use serde_json::Value;

use super::link::Link;
use super::lists::{Placed, all_scenes};
use crate::args::{CloudHosts, Online};
use crate::commands::{Context, results};
use crate::failure::{Failure, Kind, Outcome, Verdict};
use crate::ordered::Ordered;
use crate::output::fields;
use crate::value;

pub(super) async fn get(
    context: &Context,
    hosts: &CloudHosts,
    online: &Online,
    did: &Did,
    properties: &[PropertyId],
) -> Outcome {
    let link = open(context, hosts, online)?;
    let asked: Vec<_> = properties.iter().map(|id| (did.clone(), *id)).collect();
    let waiting = context.output.waiting("reading");
    let answers = link.within(link.cloud.properties(&asked, DataSource::CacheFirst)).await?;
    drop(waiting);
    print(context, &link, properties.iter().copied(), answers)
}

pub(super) async fn set(
    context: &Context,
    hosts: &CloudHosts,
    online: &Online,
    did: &Did,
    values: &[String],
) -> Outcome {
    let values: Result<Vec<_>, _> = values.iter().map(|text| value::assignment(text)).collect();
    let values: Vec<_> = values?.into_iter().map(|(id, value)| (did.clone(), id, value)).collect();
    let link = open(context, hosts, online)?;
    let waiting = context.output.waiting("writing");
    let mut answers = link.within(link.cloud.set_properties(&values)).await?;
    drop(waiting);
    // What is echoed after a write is not what the device has.
    answers.iter_mut().flatten().for_each(|result| result.value = None);
    print(context, &link, values.iter().map(|(_, id, _)| *id), answers)
}

/// What the cloud left out counts as refused.
fn print(
    context: &Context,
    link: &Link,
    asked: impl Iterator<Item = PropertyId>,
    answers: Vec<Option<PropertyResult>>,
) -> Outcome {
    let absent = |id| PropertyResult::new(id, MiotCode::INTERNAL, None);
    let results = asked.zip(answers).map(|(id, answer)| answer.unwrap_or_else(|| absent(id)));
    results::properties(context, results.collect(), |value| link.hide(context, value))
}

pub(super) async fn action(
    context: &Context,
    hosts: &CloudHosts,
    online: &Online,
    (did, id): (&Did, ActionId),
    arguments: &[String],
) -> Outcome {
    let input = bare(value::arguments(arguments)?);
    let link = open(context, hosts, online)?;
    let waiting = context.output.waiting("waiting for the device");
    let result = link.once(link.cloud.action(did, id, &input)).await?;
    drop(waiting);
    results::action(context, result, |out| link.hide(context, out))
}

/// The cloud takes values without names. Named ones go in the order of their piids, whichever they were given in.
fn bare(input: ActionInput) -> Vec<Value> {
    match input {
        ActionInput::Piids(mut named) => {
            named.sort_by_key(|(piid, _)| *piid);
            named.into_iter().map(|(_, value)| value).collect()
        }
        ActionInput::Values(values) => values,
        _ => Vec::new(),
    }
}

#[derive(Serialize)]
struct Answered {
    result: Ordered,
}

pub(super) async fn rpc(
    context: &Context,
    hosts: &CloudHosts,
    online: &Online,
    did: &Did,
    (method, params): (&str, &str),
) -> Outcome {
    let params = serde_json::from_str(params).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::bad_input(format!("PARAMS is not valid JSON at line {line} column {column}"))
            .hint("most methods take an array, as in '[\"power\",\"bright\"]'")
    })?;
    let link = open(context, hosts, online)?;
    let waiting = context.output.waiting("waiting for the device");
    let result = link.once(link.cloud.rpc(did, method, &params)).await?;
    drop(waiting);
    let mut result = Ordered::from(result);
    let verdict = if result.has_refused_item() { Verdict::NotOk } else { Verdict::Done };
    link.hide(context, &mut result);
    context.output.print(&Answered { result }, |answered, _| results::pretty(&answered.result))?;
    Ok(verdict)
}

#[derive(Serialize)]
struct Ran<'a> {
    scene: &'a str,
    name: &'a str,
    home: String,
    result: Ordered,
}

pub(super) async fn run_scene(
    context: &Context,
    hosts: &CloudHosts,
    online: &Online,
    id: &str,
) -> Outcome {
    let link = open(context, hosts, online)?;
    let waiting = context.output.waiting("looking for the scene");
    // A scene is run in the name of its home and of whoever owns that.
    let scenes = link.within(all_scenes(link.cloud.clone())).await?;
    let found = scenes.into_iter().find(|placed| placed.scene.id == id);
    let Placed { scene, home, .. } = found.ok_or_else(|| unknown_scene(link.cloud.region(), id))?;
    let result = link.once(link.cloud.run_scene(&home, id)).await?;
    drop(waiting);
    let mut result = Ordered::from(result);
    link.hide(context, &mut result);
    let ran = Ran { scene: id, name: &scene.name, home: home.id.to_string(), result };
    context.output.print(&ran, |ran, style| {
        fields(style, [("scene", Some(ran.name.to_owned())), ("home", Some(home.name.clone()))])
    })?;
    Ok(Verdict::Done)
}

fn unknown_scene(region: Region, id: &str) -> Failure {
    let message = format!("no home in the region {region} has a scene {id:?}");
    Failure::new(Kind::Refused, message).hint("iot-home cloud scenes --region all lists them")
}

#[derive(Serialize)]
struct Key {
    did: String,
    beaconkey: Option<String>,
}

pub(super) async fn beacon_key(
    context: &Context,
    hosts: &CloudHosts,
    online: &Online,
    did: &Did,
) -> Outcome {
    let link = open(context, hosts, online)?;
    let waiting = context.output.waiting("asking the cloud");
    let key = link.within(link.cloud.beacon_key(did)).await?;
    drop(waiting);
    let shown = context.output.show_secrets().then(|| key.beaconkey.expose().clone());
    let key = Key { did: did.to_string(), beaconkey: shown };
    context.output.print(&key, |key, style| {
        let shown = key.beaconkey.as_deref().unwrap_or("there (print it with --show-secrets)");
        fields(style, [("did", Some(key.did.clone())), ("beacon key", Some(shown.to_owned()))])
    })?;
    Ok(Verdict::Done)
}

pub(super) async fn call(
    context: &Context,
    hosts: &CloudHosts,
    online: &Online,
    mode: Mode,
    (path, data): (&str, &str),
) -> Outcome {
    let call = Call::<Ordered>::new(path, data);
    let call =
        call.map_err(|error| Failure::bad_input(format!("there is no such call: {error}")))?;
    let link = open(context, hosts, online)?;
    let waiting = context.output.waiting("asking the cloud");
    let mut result = link.once(link.cloud.in_mode(mode).send(&call)).await?;
    drop(waiting);
    let verdict = if result.has_refused_item() { Verdict::NotOk } else { Verdict::Done };
    link.hide(context, &mut result);
    context.output.print(&result, |result, _| results::pretty(result))?;
    Ok(verdict)
}

fn open(context: &Context, hosts: &CloudHosts, online: &Online) -> Result<Link, Failure> {
    Link::open(context, hosts, &online.stored, online.region)
}

#[cfg(test)]
mod tests {
    use iot_home::miio::ActionInput;
    use serde_json::json;

    use super::bare;

    #[test]
    fn names_decide_the_order() {
        let named = ActionInput::piids([(3, json!("c")), (1, json!("a")), (2, json!("b"))]);
        assert_eq!(bare(named), [json!("a"), json!("b"), json!("c")]);
        assert_eq!(bare(ActionInput::in_order([json!(2), json!(1)])), [json!(2), json!(1)]);
        assert!(bare(ActionInput::None).is_empty());
    }
}
