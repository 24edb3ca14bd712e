//! What is signed: names and values without anything between them, in the order of the names.

/// The parts of the content, from fields in any order.
pub(crate) fn content<'a, const N: usize>(
    mut fields: [(&'a str, &'a str); N],
) -> impl Iterator<Item = &'a str> + Clone {
    fields.sort_unstable_by_key(|(name, _)| *name);
    unsorted(fields)
}

/// The same with the fields as they stand, which is how it is not done.
pub(crate) fn unsorted<'a, const N: usize>(
    fields: [(&'a str, &'a str); N],
) -> impl Iterator<Item = &'a str> + Clone {
    fields.into_iter().flat_map(|(name, value)| [name, value])
}

/// What the content of a login consists of, but for the timestamp.
pub(crate) const fn identity<'a>(
    client_id: &'a str,
    device_name: &'a str,
    product_key: &'a str,
) -> [(&'a str, &'a str); 3] {
    [("clientId", client_id), ("deviceName", device_name), ("productKey", product_key)]
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::content;

    #[test]
    fn fields_stand_in_the_order_of_their_names() {
        let content: String =
            content([("random", "1"), ("productKey", "2"), ("id", "3")]).collect();
        assert_eq!(content, "id3productKey2random1");
    }
}
