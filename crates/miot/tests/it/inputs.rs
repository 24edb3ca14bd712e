//! What actions are given.

use iot_home_core::Piid;
use iot_home_miot::input::InputFault;
use iot_home_miot::{Fault, Spec, samples};
use serde_json::{Value, json};

use crate::spec;

#[test]
fn values_in_order_get_their_numbers() {
    let panel = spec(samples::PANEL);
    let boost = panel.action("boost").unwrap();
    let named = panel.name_input(boost, [json!(30), json!(24.5)]).unwrap();
    assert_eq!(named, [(Piid::new(102), json!(30)), (Piid::new(2), json!(24.5))]);
    let said = |values: Vec<Value>| panel.name_input(boost, values).unwrap_err().to_string();
    assert_eq!(
        said(vec![json!(30)]),
        "thermostat:boost (2.1): 1 value was given; it takes minutes (102), target-temperature (2)"
    );
    assert_eq!(
        said(vec![json!(30), json!(99)]),
        "thermostat:boost (2.1): thermostat:target-temperature (2.2): 99 is out of range; \
         allowed is a number from 5 to 35 in steps of 0.5"
    );
    let light = spec(samples::LIGHT);
    let toggle = light.action("toggle").unwrap();
    assert_eq!(light.name_input(toggle, []).unwrap(), []);
    assert_eq!(
        light.name_input(toggle, [json!(1), json!(2)]).unwrap_err().to_string(),
        "light:toggle (2.1): 2 values were given; it takes none"
    );
}

#[test]
fn values_that_have_their_numbers() {
    let panel = spec(samples::PANEL);
    let boost = panel.action("boost").unwrap();
    let fault = |given: &[(u32, Value)]| {
        let given: Vec<_> =
            given.iter().map(|(piid, value)| (Piid::new(*piid), value.clone())).collect();
        panel.check_input(boost, &given).err().map(|error| error.fault)
    };
    assert_eq!(fault(&[(2, json!(20)), (102, json!(600))]), None, "in any order");
    assert_eq!(fault(&[(2, json!(20))]), Some(InputFault::Missing(Piid::new(102))));
    assert_eq!(
        fault(&[(2, json!(20)), (102, json!(5)), (3, json!(1))]),
        Some(InputFault::Unknown(Piid::new(3)))
    );
    assert_eq!(
        fault(&[(2, json!(20)), (2, json!(20)), (102, json!(5))]),
        Some(InputFault::Twice(Piid::new(2)))
    );
    match fault(&[(2, json!(20)), (102, json!(7))]) {
        Some(InputFault::Value(error)) => assert_eq!(error.fault, Fault::Step),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_input_that_is_not_described_takes_anything() {
    let spec = Spec::from_json(
        br#"{"services":[{"iid":2,"actions":[{"iid":1,"in":[7],"out":[]}],"properties":[]}]}"#,
    )
    .unwrap();
    let action = spec.action("2.1").unwrap();
    assert!(spec.name_input(action, [json!({"any": "thing"})]).is_ok());
    assert_eq!(spec.name_input(action, []).unwrap_err().inputs, ["7"]);
}
