//! Everything of which devices are told is told across instances.

use serde_json::{Value, json};
use tests::{Device, Dialect, Group, Persistence, RedisServer, User};

use crate::load::Fleet;

/// Two of alice's devices and two of bob's, one of each at either instance.
struct Party {
    alice: [User; 2],
    bob: [User; 2],
    group: Group,
}

impl Party {
    async fn gather(fleet: &Fleet, round: usize) -> Self {
        let devices = async |name: &str| {
            let name = format!("{name}{round}");
            let connect = async |at: usize, device| {
                let (address, sig) = (fleet.instances[at].address, fleet.settings.usersig(&name));
                let user = User::connect(address, &name, sig, device, Dialect::Binary).await;
                user.login().await;
                user
            };
            let instance = |number: usize| format!("{:032x}", 100 * round + number);
            let web = connect(0, Device::web(instance(name.len()))).await;
            [web, connect(1, Device::wechat(instance(10 + name.len()))).await]
        };
        let (alice, bob) = (devices("alice").await, devices("bob").await);
        let group = alice[0].create_group(&format!("lobby{round}")).await;
        bob[0].join(&group).await;
        alice[1].expect_notice(&group, 6).await;
        bob[1].expect_notice(&group, 2).await;
        Self { alice, bob, group }
    }

    /// Everything of which devices are told, done by alice at the instance `here`, reaches the devices at the other.
    async fn do_everything(&self, here: usize) {
        let there = 1 - here;
        let (alice, group) = (&self.alice[here], &self.group);
        let (her_other, bob) = (&self.alice[there], &self.bob[there]);
        let (me, peer) = (alice.name.as_str(), bob.name.as_str());
        let of_two = |key: &'static str| move |event: &Value| event["C2cNotifyMsgArray"][0][key].is_object();
        let of_list = |key: &'static str| move |event: &Value| event["RecentContactMod"][0][key].is_object();
        let of_group =
            |kind: u64| move |event: &Value| event["GroupTips"][0]["MsgBody"]["ReportType"] == kind;

        let said = bob.send_to(me, "read me").await;
        for device in [alice, her_other] {
            device.expect_message_from(peer, "read me").await;
        }
        let item = json!({"To_Account": peer, "LastedMsgTime": said.time});
        alice.call("openim.msgreaded", json!({"C2CMsgReaded": {"C2CMsgReadedItem": [item]}})).await.ok();
        expect(bob, of_two("C2cReadedReceipt")).await;
        expect(her_other, of_two("ReadC2cMsgNotify")).await;

        let slip = alice.send_to(peer, "a slip").await;
        let slip = json!({"From_Account": me, "To_Account": peer, "MsgSeq": slip.seq, "MsgRandom": slip.random,
            "MsgTimeStamp": slip.time});
        alice.call("openim.msgwithdraw", json!({"MsgInfo": slip})).await.ok();
        expect(bob, of_two("WithdrawC2cMsgNotify")).await;
        expect(her_other, of_two("WithdrawC2cMsgNotify")).await;

        let slip = alice.send_text(group, "another slip").await;
        bob.expect_message(group, "another slip").await;
        alice.recall(group, slip.seq).await.ok();
        expect(bob, of_group(14)).await;
        expect(her_other, of_group(14)).await;
        let read = json!({"GroupId": group.id, "MsgReadedSeq": slip.seq});
        alice.call("group_open_http_svc.msg_read_report", read).await.ok();
        her_other.expect_notice_of_reading(&group.id, slip.seq).await;
        alice.call("openim.read_all_unread_msg", json!({"C2CReadAllMsg": 1, "GroupReadInfo": []})).await.ok();
        expect(her_other, |event| event["C2CReadAllMsg"] == 1).await;

        let contact = json!([{"Type": 1, "To_Account": peer}]);
        let pin = json!({"From_Account": me, "OperationType": 1, "RecentContactItem": contact});
        alice.call("recentcontact.top", pin).await.ok();
        expect(her_other, of_list("RecentContactTopItem")).await;
        let delete = json!({"From_Account": me, "ContactItem": contact, "ClearRamble": 0});
        alice.call("recentcontact.batch_delete", delete).await.ok();
        expect(her_other, of_list("RecentContactDeleteItem")).await;
        let mute = json!({"Peer_Account": [peer], "Mute_Notifications": 1 + here});
        alice.call("openim.set_c2c_peer_mute_notifications", mute).await.ok();
        expect(her_other, of_two("MuteNotificationsSync")).await;
        let option = ["Discard", "AcceptNotNotify"][here];
        let option = json!({"GroupId": group.id, "Member_Account": me, "MsgFlag": option});
        alice.call("group_open_http_svc.modify_group_member_info", option).await.ok();
        expect(her_other, of_group(20)).await;

        let nick = json!([{"Tag": "Tag_Profile_IM_Nick", "Value": format!("Alice of {here}")}]);
        alice.call("profile.portrait_set", json!({"From_Account": me, "ProfileItem": nick})).await.ok();
        for device in [her_other, bob] {
            expect(device, |event| event["ProfileDataMod"].is_array()).await;
        }
        // None of it is told to the device that did it.
        alice.ping().await;
        let own = alice.socket.take_events().into_iter().map(|event| event.value).filter(|event| {
            event["RecentContactMod"].is_array()
                || event["ProfileDataMod"].is_array()
                || event["C2CReadAllMsg"].is_number()
                || event["C2cNotifyMsgArray"].is_array()
                || event["GroupTips"][0]["MsgBody"]["ReportType"].is_number()
        });
        assert_eq!(own.collect::<Vec<_>>(), Vec::<Value>::new());
    }

    /// Somebody is invited, put out, leaves; groups end; sessions are ended from the other instance.
    async fn part(&self, fleet: &Fleet, here: usize) {
        let there = 1 - here;
        let [alice, her_other] = [&self.alice[here], &self.alice[there]];
        let [bob, his_other] = [&self.bob[there], &self.bob[here]];
        let admin = fleet.instances[here].admin();

        let work = Group { id: format!("work{here}") };
        let body = json!({"Type": "Private", "Name": "work", "GroupId": work.id, "Owner_Account": alice.name,
            "MemberList": [{"Member_Account": bob.name}]});
        admin.call("group_open_http_svc.create_group", body).await.ok();
        bob.expect_notice(&work, 7).await;
        // They hear what is said in the group that they were brought into.
        alice.send_text(&work, "welcome").await;
        bob.expect_message(&work, "welcome").await;
        alice.kick(&work, &[&bob.name]).await.ok();
        bob.expect_notice(&work, 4).await;
        // The owner of a work group cannot dismiss it.
        admin.call("group_open_http_svc.destroy_group", json!({"GroupId": work.id})).await.ok();
        her_other.expect_notice(&work, 5).await;

        bob.quit(&self.group).await;
        his_other.expect_notice(&self.group, 8).await;
        alice.dismiss(&self.group).await;
        her_other.expect_notice(&self.group, 5).await;

        let name = format!("carol{here}");
        let first = fleet.user(there, &name, 4 + 10 * here).await;
        let second = fleet.user(here, &name, 5 + 10 * here).await;
        first.expect_kick().await;
        fleet.instances[there].admin().kick(&name).await;
        second.expect_kick().await;
    }
}

/// Waits for a push, and takes it.
async fn expect(user: &User, mut is_it: impl FnMut(&Value) -> bool) {
    user.expect_event("a push", |event| is_it(&event.value)).await;
}

/// What is done at either instance is told to the devices at the other.
pub(crate) async fn everything_is_told(fleet: &Fleet) {
    for here in [0, 1] {
        let party = Party::gather(fleet, here).await;
        for user in party.alice.iter().chain(&party.bob) {
            user.socket.take_events();
        }
        party.do_everything(here).await;
        party.part(fleet, here).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_push_reaches_the_other_instance() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    everything_is_told(&Fleet::over(redis.url()).await).await;
}
