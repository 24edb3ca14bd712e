//! Products whose devices register by a secret that they share.

use iot_home_aliyun as aliyun;
use iot_home_core::Random;
use iot_home_tencent as tencent;

/// A product whose devices register by its secret.
///
/// ```
/// use iot_home_sim::mqtt::{Product, SimPlatform};
///
/// # let secret = "PsWqkS1hGbGgdqkX";
/// let product = Product::aliyun("a1X2bEnP82z".parse()?, secret.try_into()?).device("fresh-01");
/// let builder = SimPlatform::builder().product(product);
/// # Ok::<(), iot_home_aliyun::InvalidField>(())
/// ```
#[derive(Clone, Debug)]
pub struct Product {
    pub(crate) key: Key,
    /// Devices that were made beforehand.
    pub(crate) devices: Vec<String>,
    pub(crate) registration: bool,
    pub(crate) makes_devices: bool,
}

/// Of which cloud, and by which secret.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Aliyun(aliyun::ProductKey, aliyun::ProductSecret),
    Tencent(tencent::ProductId, tencent::registration::ProductSecret),
}

impl Product {
    /// A product of Aliyun IoT.
    pub fn aliyun(product_key: aliyun::ProductKey, secret: aliyun::ProductSecret) -> Self {
        Self::new(Key::Aliyun(product_key, secret))
    }

    /// A product of Tencent Cloud IoT.
    pub fn tencent(
        product_id: tencent::ProductId,
        secret: tencent::registration::ProductSecret,
    ) -> Self {
        Self::new(Key::Tencent(product_id, secret))
    }

    fn new(key: Key) -> Self {
        Self { key, devices: Vec::new(), registration: true, makes_devices: false }
    }

    /// A device of this name exists, and has never connected.
    #[must_use]
    pub fn device(mut self, name: impl Into<String>) -> Self {
        self.devices.push(name.into());
        self
    }

    /// Whether devices may register, as they may by default.
    #[must_use]
    pub fn registration(mut self, on: bool) -> Self {
        self.registration = on;
        self
    }

    /// Whether a device that does not exist is made when it registers; by default it is not. Aliyun makes devices
    /// only for those who ask for a token.
    #[must_use]
    pub fn makes_devices(mut self, on: bool) -> Self {
        self.makes_devices = on;
        self
    }
}

/// So many letters and digits.
pub(crate) fn secret(random: &mut dyn Random, length: usize) -> String {
    const LETTERS: [u8; 32] = *b"abcdefghijkmnpqrstuvwxyz23456789";
    let letter = |number: u64| {
        let at = usize::try_from(number % 32).unwrap_or_default();
        char::from(LETTERS.get(at).copied().unwrap_or(b'a'))
    };
    (0..length).map(|_| letter(random.next_u64())).collect()
}
