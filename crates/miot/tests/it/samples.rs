//! The samples are whole, and say nothing that an instance would not.

use std::collections::BTreeSet;

use iot_home_miot::{Format, Kind, samples};

use crate::spec;

#[test]
fn they_are_read_to_the_last_field() {
    for sample in samples::ALL {
        let spec = spec(sample);
        let instance = spec.instance();
        assert_eq!(instance.left_out, 0, "{}", sample.model);
        assert!(instance.extra.is_empty() && instance.urn.is_some());
        for service in &instance.services {
            assert_eq!(service.urn.as_ref().map(|urn| urn.kind()), Some(Kind::Service));
            assert!(service.extra.is_empty(), "{} {:?}", sample.model, service.extra);
            for property in &service.properties {
                assert!(property.extra.is_empty(), "{} {:?}", property.name, property.extra);
                assert!(!matches!(property.format, Format::Other(_)), "{}", property.name);
                assert!(property.urn.is_some() && !property.description.is_empty());
            }
            for action in &service.actions {
                for piid in action.inputs.iter().chain(&action.outputs) {
                    let known = service.properties.iter().any(|item| item.id.piid == *piid);
                    assert!(known, "{} {piid}", action.name);
                }
            }
            for event in &service.events {
                assert!(event.extra.is_empty() && !event.arguments.is_empty());
            }
        }
    }
}

#[test]
fn each_is_another_model() {
    let urns: BTreeSet<_> =
        samples::ALL.iter().filter_map(|sample| spec(*sample).instance().urn.clone()).collect();
    let models: BTreeSet<_> = samples::ALL.iter().map(|sample| sample.model).collect();
    assert_eq!((urns.len(), models.len()), (samples::ALL.len(), samples::ALL.len()));
    for urn in &urns {
        let product = urn.product().expect("a product").replace('-', ".");
        let (vendor, name) = product.split_once('.').expect("vendor and product");
        let of_it = |model: &&&str| model.starts_with(vendor) && model.ends_with(name);
        assert!(models.iter().find(of_it).is_some(), "{urn}");
    }
}
