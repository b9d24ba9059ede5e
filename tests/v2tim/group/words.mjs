// Numbers of the API, and how its data is given to a phone.

export const ROLE = { member: 200, admin: 300, owner: 400 };
export const CHANGE = { name: 1, introduction: 2, notification: 3, face: 4, owner: 5, shutUpAll: 8, addOption: 11, approveOption: 12 };

export const info = (more) => ({ $class: 'V2TIMGroupInfo', ...more });
