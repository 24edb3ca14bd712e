//! Typed calls: each function makes one, to be signed by [`Api::sign`](crate::Api::sign).
//!
//! What has no function here is called by [`Call::new`](crate::Call::new).

mod action;
mod batch;
mod beacon;
mod camera;
mod consumable;
mod device;
mod file;
mod firmware;
mod history;
mod home;
mod infrared;
mod inventory;
mod message;
mod property;
mod scene;

pub use action::{ActionAnswer, action, rpc};
pub use batch::{BatchData, batch_device_data};
pub use beacon::{BeaconKey, beacon_key};
pub use camera::{alarm_playlist, camera_events, camera_image, camera_playlist};
pub use consumable::{Consumable, Consumables, consumables};
pub use device::{Device, DevicePage, Owner, device_list, device_page, home_devices};
pub use file::{FileUrl, Storage, file_url};
pub use firmware::latest_firmware;
pub use history::{DataKind, DataPoint, Group, History, device_data, device_log, statistics};
pub use home::{Home, Homes, Room, homes};
pub use infrared::{
    Controller, Controllers, Key, Keys, infrared_controllers, infrared_keys, press_key,
};
pub use inventory::{Inventory, InventoryPage};
pub use message::{Message, Messages, check_messages, messages};
pub use property::{DataSource, MAX_PROPERTIES, PropertyAnswers, get_properties, set_properties};
pub use scene::{
    Scene, SceneRecords, Scenes, edit_scene, run_scene, scene_history, scene_records, scenes,
};
