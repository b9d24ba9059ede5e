package com.tencent.imsdk;

/**
 * The numbers that {@code onError} tells.
 *
 * <p>Those of the 6000s to the 9000s come from this library; five-digit ones come from the gateway and are
 * passed on as they are.
 */
public class BaseConstants {

    // Everywhere.
    public static final int ERR_SUCC = 0;
    public static final int ERR_PARSE_RESPONSE_FAILED = 6001;
    public static final int ERR_SERIALIZE_REQ_FAILED = 6002;
    public static final int ERR_NO_SUCC_RESULT = 6003;
    public static final int ERR_INVALID_CONVERSATION = 6004;
    public static final int ERR_LOADMSG_FAILED = 6005;
    public static final int ERR_FILE_TRANS_AUTH_FAILED = 6006;
    public static final int ERR_FILE_TRANS_NO_SERVER = 6007;
    public static final int ERR_FILE_TRANS_UPLOAD_FAILED = 6008;
    public static final int ERR_FILE_TRANS_DOWNLOAD_FAILED = 6009;
    public static final int ERR_HTTP_REQ_FAILED = 6010;
    public static final int ERR_TO_USER_INVALID = 6011;
    public static final int ERR_REQUEST_TIMEOUT = 6012;
    public static final int ERR_SDK_NOT_INITIALIZED = 6013;
    public static final int ERR_SDK_NOT_LOGGED_IN = 6014;
    public static final int ERR_IN_PROGESS = 6015;
    public static final int ERR_INVALID_MSG_ELEM = 6016;
    public static final int ERR_INVALID_PARAMETERS = 6017;
    public static final int ERR_INIT_CORE_FAIL = 6018;
    public static final int ERR_DATABASE_OPERATE_FAILED = 6019;
    public static final int ERR_EXPIRED_SESSION_NODE = 6020;
    public static final int ERR_INVALID_SDK_OBJECT = 6021;
    public static final int ERR_IO_OPERATION_FAILED = 6022;
    public static final int ERR_LOGGED_OUT_BEFORE_LOGIN_FINISHED = 6023;
    public static final int ERR_TLSSDK_NOT_INITIALIZED = 6024;
    public static final int ERR_TLSSDK_USER_NOT_FOUND = 6025;
    public static final int ERR_NO_PREVIOUS_LOGIN = 6026;
    public static final int ERR_INVALID_JSON = 6027;
    public static final int ERR_OUT_OF_MEMORY = 6028;
    public static final int ERR_IMAGE_UPLOAD_FAILED_NOTIMAGE = 6031;

    // The log-in and the connection, by their older numbers.
    public static final int ERR_BIND_FAIL_UNKNOWN = 6100;
    public static final int ERR_BIND_FAIL_NO_SSOTICKET = 6101;
    public static final int ERR_BIND_FAIL_REPEATD_BIND = 6102;
    public static final int ERR_BIND_FAIL_TINYID_NULL = 6103;
    public static final int ERR_BIND_FAIL_GUID_NULL = 6104;
    public static final int ERR_BIND_FAIL_UNPACK_REGPACK_FAILED = 6105;
    public static final int ERR_BIND_FAIL_REG_TIMEOUT = 6106;
    public static final int ERR_BIND_FAIL_ISBINDING = 6107;
    public static final int ERR_PACKET_FAIL_UNKNOWN = 6120;
    public static final int ERR_PACKET_FAIL_REQ_NO_NET = 6121;
    public static final int ERR_PACKET_FAIL_RESP_NO_NET = 6122;
    public static final int ERR_PACKET_FAIL_REQ_NO_AUTH = 6123;
    public static final int ERR_PACKET_FAIL_SSO_ERR = 6124;
    public static final int ERR_PACKET_FAIL_REQ_TIMEOUT = 6125;
    public static final int ERR_PACKET_FAIL_RESP_TIMEOUT = 6126;
    public static final int ERR_PACKET_FAIL_REQ_ON_RESEND = 6127;
    public static final int ERR_PACKET_FAIL_RESP_NO_RESEND = 6128;
    public static final int ERR_PACKET_FAIL_FLOW_SAVE_FILTERED = 6129;
    public static final int ERR_PACKET_FAIL_REQ_OVER_LOAD = 6130;
    public static final int ERR_PACKET_FAIL_LOGIC_ERR = 6131;
    public static final int ERR_FRIENDSHIP_PROXY_NOT_SYNCED = 6150;
    public static final int ERR_FRIENDSHIP_PROXY_SYNCING = 6151;
    public static final int ERR_FRIENDSHIP_PROXY_SYNCED_FAIL = 6152;
    public static final int ERR_FRIENDSHIP_PROXY_LOCAL_CHECK_ERR = 6153;
    public static final int ERR_GROUP_INVALID_FIELD = 6160;
    public static final int ERR_GROUP_STORAGE_DISABLED = 6161;
    public static final int ERR_LOADGRPINFO_FAILED = 6162;
    public static final int ERR_REQ_NO_NET_ON_REQ = 6200;
    public static final int ERR_REQ_NO_NET_ON_RSP = 6201;
    public static final int ERR_SERIVCE_NOT_READY = 6205;
    public static final int ERR_USER_SIG_EXPIRED = 6206;
    public static final int ERR_LOGIN_AUTH_FAILED = 6207;
    public static final int ERR_LOGIN_KICKED_OFF_BY_OTHER = 6208;
    public static final int ERR_NEVER_CONNECT_AFTER_LAUNCH = 6209;
    public static final int ERR_REQ_FAILED = 6210;
    public static final int ERR_REQ_INVALID_REQ = 6211;
    public static final int ERR_REQ_OVERLOADED = 6212;
    public static final int ERR_REQ_KICK_OFF = 6213;
    public static final int ERR_REQ_SERVICE_SUSPEND = 6214;
    public static final int ERR_REQ_INVALID_SIGN = 6215;
    public static final int ERR_REQ_INVALID_COOKIE = 6216;
    public static final int ERR_LOGIN_TLS_RSP_PARSE_FAILED = 6217;
    public static final int ERR_LOGIN_OPENMSG_TIMEOUT = 6218;
    public static final int ERR_LOGIN_OPENMSG_RSP_PARSE_FAILED = 6219;
    public static final int ERR_LOGIN_TLS_DECRYPT_FAILED = 6220;
    public static final int ERR_WIFI_NEED_AUTH = 6221;
    public static final int ERR_USER_CANCELED = 6222;
    public static final int ERR_REVOKE_TIME_LIMIT_EXCEED = 6223;
    public static final int ERR_LACK_UGC_EXT = 6224;
    public static final int ERR_AUTOLOGIN_NEED_USERSIG = 6226;
    public static final int ERR_REQUEST_NO_NET_ONREQ = 6250;
    public static final int ERR_REQUEST_NO_NET_ONRSP = 6251;
    public static final int ERR_REQUEST_FAILED = 6252;
    public static final int ERR_REQUEST_INVALID_REQ = 6253;
    public static final int ERR_REQUEST_OVERLOADED = 6254;
    public static final int ERR_REQUEST_KICK_OFF = 6255;
    public static final int ERR_REQUEST_SERVICE_SUSPEND = 6256;
    public static final int ERR_REQUEST_INVALID_SIGN = 6257;
    public static final int ERR_REQUEST_INVALID_COOKIE = 6258;
    public static final int ERR_QAL_NO_SHORT_CONN_AVAILABLE = 6300;

    // Calls that are made wrongly or that are not served.
    public static final int ERR_SDK_COMM_CROSS_THREAD = 7001;
    public static final int ERR_SDK_COMM_TINYID_EMPTY = 7002;
    public static final int ERR_SDK_COMM_INVALID_IDENTIFIER = 7003;
    public static final int ERR_SDK_COMM_FILE_NOT_FOUND = 7004;
    public static final int ERR_SDK_COMM_FILE_TOO_LARGE = 7005;
    public static final int ERR_SDK_COMM_FILE_SIZE_EMPTY = 7006;
    public static final int ERR_SDK_COMM_FILE_OPEN_FAILED = 7007;
    public static final int ERR_SDK_COMM_API_CALL_FREQUENCY_LIMIT = 7008;
    public static final int ERR_SDK_INTERFACE_NOT_SUPPORT = 7013;
    public static final int ERR_SDK_INVALID_OPERATION = 7014;

    // The log-in.
    public static final int ERR_SDK_ACCOUNT_LOGIN_IN_PROCESS = 7501;
    public static final int ERR_LOGIN_IN_PROCESS = 7501;
    public static final int ERR_SDK_ACCOUNT_LOGOUT_IN_PROCESS = 7502;
    public static final int ERR_LOGOUT_IN_PROCESS = 7502;
    public static final int ERR_SDK_ACCOUNT_TLS_INIT_FAILED = 7503;
    public static final int ERR_SDK_ACCOUNT_TLS_NOT_INITIALIZED = 7504;
    public static final int ERR_SDK_ACCOUNT_TLS_TRANSPKG_ERROR = 7505;
    public static final int ERR_SDK_ACCOUNT_TLS_DECRYPT_FAILED = 7506;
    public static final int ERR_SDK_ACCOUNT_TLS_REQUEST_FAILED = 7507;
    public static final int ERR_SDK_ACCOUNT_TLS_REQUEST_TIMEOUT = 7508;

    // Messages and signals.
    public static final int ERR_SDK_MSG_BODY_SIZE_LIMIT = 8001;
    public static final int ERR_SDK_MSG_KEY_REQ_DIFFER_RSP = 8002;
    public static final int ERR_SDK_IMAGE_CONVERT_ERROR = 8003;
    public static final int ERR_SDK_IMAGE_CI_BLOCK = 8004;
    public static final int ERR_MERGER_MSG_LAYERS_OVER_LIMIT = 8005;
    public static final int ERR_SDK_MSG_MODIFY_CONFLICT = 8006;
    public static final int ERR_SDK_SIGNALING_INVALID_INVITE_ID = 8010;
    public static final int ERR_SDK_SIGNALING_NO_PERMISSION = 8011;
    public static final int ERR_SDK_SIGNALING_ALREADY_EXISTS = 8012;

    // Groups.
    public static final int ERR_SDK_GROUP_INVALID_ID = 8501;
    public static final int ERR_SDK_GROUP_INVALID_NAME = 8502;
    public static final int ERR_SDK_GROUP_INVALID_INTRODUCTION = 8503;
    public static final int ERR_SDK_GROUP_INVALID_NOTIFICATION = 8504;
    public static final int ERR_SDK_GROUP_INVALID_FACE_URL = 8505;
    public static final int ERR_SDK_GROUP_INVALID_NAME_CARD = 8506;
    public static final int ERR_SDK_GROUP_MEMBER_COUNT_LIMIT = 8507;
    public static final int ERR_SDK_GROUP_JOIN_PRIVATE_GROUP_DENY = 8508;
    public static final int ERR_SDK_GROUP_INVITE_SUPER_DENY = 8509;
    public static final int ERR_SDK_GROUP_INVITE_NO_MEMBER = 8510;
    public static final int ERR_SDK_GROUP_ATTR_FREQUENCY_LIMIT = 8511;

    // Friends.
    public static final int ERR_SDK_FRIENDSHIP_INVALID_PROFILE_KEY = 9001;
    public static final int ERR_SDK_FRIENDSHIP_INVALID_ADD_REMARK = 9002;
    public static final int ERR_SDK_FRIENDSHIP_INVALID_ADD_WORDING = 9003;
    public static final int ERR_SDK_FRIENDSHIP_INVALID_ADD_SOURCE = 9004;
    public static final int ERR_SDK_FRIENDSHIP_FRIEND_GROUP_EMPTY = 9005;

    // The network.
    public static final int ERR_SDK_NET_ENCODE_FAILED = 9501;
    public static final int ERR_SDK_NET_DECODE_FAILED = 9502;
    public static final int ERR_SDK_NET_AUTH_INVALID = 9503;
    public static final int ERR_SDK_NET_COMPRESS_FAILED = 9504;
    public static final int ERR_SDK_NET_UNCOMPRESS_FAILED = 9505;
    public static final int ERR_SDK_NET_FREQ_LIMIT = 9506;
    public static final int ERR_SDK_NET_REQ_COUNT_LIMIT = 9507;
    public static final int ERR_SDK_NET_DISCONNECT = 9508;
    public static final int ERR_SDK_NET_ALLREADY_CONN = 9509;
    public static final int ERR_SDK_NET_CONN_TIMEOUT = 9510;
    public static final int ERR_SDK_NET_CONN_REFUSE = 9511;
    public static final int ERR_SDK_NET_NET_UNREACH = 9512;
    public static final int ERR_SDK_NET_SOCKET_NO_BUFF = 9513;
    public static final int ERR_SDK_NET_RESET_BY_PEER = 9514;
    public static final int ERR_SDK_NET_SOCKET_INVALID = 9515;
    public static final int ERR_SDK_NET_HOST_GETADDRINFO_FAILED = 9516;
    public static final int ERR_SDK_NET_CONNECT_RESET = 9517;
    public static final int ERR_SDK_NET_WAIT_INQUEUE_TIMEOUT = 9518;
    public static final int ERR_SDK_NET_WAIT_SEND_TIMEOUT = 9519;
    public static final int ERR_SDK_NET_WAIT_ACK_TIMEOUT = 9520;
    public static final int ERR_SDK_NET_WAIT_SEND_REMAINING_TIMEOUT = 9521;
    public static final int ERR_SDK_NET_PKG_SIZE_LIMIT = 9522;
    public static final int ERR_SDK_NET_WAIT_SEND_TIMEOUT_NO_NETWORK = 9523;
    public static final int ERR_SDK_NET_WAIT_ACK_TIMEOUT_NO_NETWORK = 9524;
    public static final int ERR_SDK_NET_SEND_REMAINING_TIMEOUT_NO_NETWORK = 9525;

    // The access layer of the vendor's servers; this gateway never answers them.
    public static final int ERR_SVR_SSO_CONNECT_LIMIT = -302;
    public static final int ERR_SVR_SSO_VCODE = -10000;
    public static final int ERR_SVR_SSO_D2_EXPIRED = -10001;
    public static final int ERR_SVR_SSO_A2_UP_INVALID = -10003;
    public static final int ERR_SVR_SSO_A2_DOWN_INVALID = -10004;
    public static final int ERR_SVR_SSO_EMPTY_KEY = -10005;
    public static final int ERR_SVR_SSO_UIN_INVALID = -10006;
    public static final int ERR_SVR_SSO_VCODE_TIMEOUT = -10007;
    public static final int ERR_SVR_SSO_NO_IMEI_AND_A2 = -10008;
    public static final int ERR_SVR_SSO_COOKIE_INVALID = -10009;
    public static final int ERR_SVR_SSO_DOWN_TIP = -10101;
    public static final int ERR_SVR_SSO_DISCONNECT = -10102;
    public static final int ERR_SVR_SSO_IDENTIFIER_INVALID = -10103;
    public static final int ERR_SVR_SSO_CLIENT_CLOSE = -10104;
    public static final int ERR_SVR_SSO_MSFSDK_QUIT = -10105;
    public static final int ERR_SVR_SSO_D2KEY_WRONG = -10106;
    public static final int ERR_SVR_SSO_UNSURPPORT = -10107;
    public static final int ERR_SVR_SSO_PREPAID_ARREARS = -10108;
    public static final int ERR_SVR_SSO_PACKET_WRONG = -10109;
    public static final int ERR_SVR_SSO_APPID_BLACK_LIST = -10110;
    public static final int ERR_SVR_SSO_CMD_BLACK_LIST = -10111;
    public static final int ERR_SVR_SSO_APPID_WITHOUT_USING = -10112;
    public static final int ERR_SVR_SSO_FREQ_LIMIT = -10113;
    public static final int ERR_SVR_SSO_OVERLOAD = -10114;
    public static final int ERR_SVR_SSO_FREQUENCY_LIMIT = -20009;

    // The gateway about groups.
    public static final int ERR_SVR_GROUP_INTERNAL_ERROR = 10002;
    public static final int ERR_SVR_GROUP_API_NAME_ERROR = 10003;
    public static final int ERR_SVR_GROUP_INVALID_PARAMETERS = 10004;
    public static final int ERR_SVR_GROUP_ACOUNT_COUNT_LIMIT = 10005;
    public static final int ERR_SVR_GROUP_FREQ_LIMIT = 10006;
    public static final int ERR_SVR_GROUP_PERMISSION_DENY = 10007;
    public static final int ERR_SVR_GROUP_INVALID_REQ = 10008;
    public static final int ERR_SVR_GROUP_SUPER_NOT_ALLOW_QUIT = 10009;
    public static final int ERR_SVR_GROUP_NOT_FOUND = 10010;
    public static final int ERR_SVR_GROUP_JSON_PARSE_FAILED = 10011;
    public static final int ERR_SVR_GROUP_INVALID_ID = 10012;
    public static final int ERR_SVR_GROUP_ALLREADY_MEMBER = 10013;
    public static final int ERR_SVR_GROUP_FULL_MEMBER_COUNT = 10014;
    public static final int ERR_SVR_GROUP_INVALID_GROUPID = 10015;
    public static final int ERR_SVR_GROUP_REJECT_FROM_THIRDPARTY = 10016;
    public static final int ERR_SVR_GROUP_SHUTUP_DENY = 10017;
    public static final int ERR_SVR_GROUP_RSP_SIZE_LIMIT = 10018;
    public static final int ERR_SVR_GROUP_ACCOUNT_NOT_FOUND = 10019;
    public static final int ERR_SVR_GROUP_GROUPID_IN_USED = 10021;
    public static final int ERR_SVR_GROUP_SEND_MSG_FREQ_LIMIT = 10023;
    public static final int ERR_SVR_GROUP_REQ_ALLREADY_BEEN_PROCESSED = 10024;
    public static final int ERR_SVR_GROUP_GROUPID_IN_USED_FOR_SUPER = 10025;
    public static final int ERR_SVR_GROUP_SDKAPPID_DENY = 10026;
    public static final int ERR_SVR_GROUP_REVOKE_MSG_NOT_FOUND = 10030;
    public static final int ERR_SVR_GROUP_REVOKE_MSG_TIME_LIMIT = 10031;
    public static final int ERR_SVR_GROUP_REVOKE_MSG_DENY = 10032;
    public static final int ERR_SVR_GROUP_NOT_ALLOW_REVOKE_MSG = 10033;
    public static final int ERR_SVR_GROUP_REMOVE_MSG_DENY = 10034;
    public static final int ERR_SVR_GROUP_NOT_ALLOW_REMOVE_MSG = 10035;
    public static final int ERR_SVR_GROUP_AVCHATROOM_COUNT_LIMIT = 10036;
    public static final int ERR_SVR_GROUP_COUNT_LIMIT = 10037;
    public static final int ERR_SVR_GROUP_MEMBER_COUNT_LIMIT = 10038;
    public static final int ERR_SVR_GROUP_ATTRIBUTE_WRITE_CONFILCT = 10056;

    // The gateway about messages.
    public static final int ERR_SVR_MSG_PKG_PARSE_FAILED = 20001;
    public static final int ERR_SVR_MSG_INTERNAL_AUTH_FAILED = 20002;
    public static final int ERR_SVR_MSG_INVALID_ID = 20003;
    public static final int ERR_SVR_MSG_NET_ERROR = 20004;
    public static final int ERR_SVR_MSG_INTERNAL_ERROR1 = 20005;
    public static final int ERR_SVR_MSG_PUSH_DENY = 20006;
    public static final int ERR_SVR_MSG_IN_PEER_BLACKLIST = 20007;
    public static final int ERR_SVR_MSG_BOTH_NOT_FRIEND = 20009;
    public static final int ERR_SVR_MSG_NOT_PEER_FRIEND = 20010;
    public static final int ERR_SVR_MSG_NOT_SELF_FRIEND = 20011;
    public static final int ERR_SVR_MSG_SHUTUP_DENY = 20012;
    public static final int ERR_SVR_MSG_REVOKE_TIME_LIMIT = 20016;
    public static final int ERR_SVR_MSG_DEL_RAMBLE_INTERNAL_ERROR = 20018;
    public static final int ERR_SVR_MSG_JSON_PARSE_FAILED = 90001;
    public static final int ERR_SVR_MSG_INVALID_JSON_BODY_FORMAT = 90002;
    public static final int ERR_SVR_MSG_INVALID_TO_ACCOUNT = 90003;
    public static final int ERR_SVR_MSG_INVALID_RAND = 90005;
    public static final int ERR_SVR_MSG_INVALID_TIMESTAMP = 90006;
    public static final int ERR_SVR_MSG_BODY_NOT_ARRAY = 90007;
    public static final int ERR_SVR_MSG_ADMIN_REQUIRED = 90009;
    public static final int ERR_SVR_MSG_INVALID_JSON_FORMAT = 90010;
    public static final int ERR_SVR_MSG_TO_ACCOUNT_COUNT_LIMIT = 90011;
    public static final int ERR_SVR_MSG_TO_ACCOUNT_NOT_FOUND = 90012;
    public static final int ERR_SVR_MSG_TIME_LIMIT = 90026;
    public static final int ERR_SVR_MSG_INVALID_SYNCOTHERMACHINE = 90031;
    public static final int ERR_SVR_MSG_INVALID_MSGLIFETIME = 90044;
    public static final int ERR_SVR_MSG_ACCOUNT_NOT_FOUND = 90048;
    public static final int ERR_SVR_MSG_INTERNAL_ERROR5 = 90992;
    public static final int ERR_SVR_MSG_INTERNAL_ERROR2 = 90994;
    public static final int ERR_SVR_MSG_INTERNAL_ERROR3 = 90995;
    public static final int ERR_SVR_MSG_INTERNAL_ERROR4 = 91000;
    public static final int ERR_SVR_MSG_LONGPOLLING_COUNT_LIMIT = 91101;
    public static final int ERR_SVR_MSG_BODY_SIZE_LIMIT = 93000;

    // The gateway about friends.
    public static final int ERR_SVR_FRIENDSHIP_INVALID_PARAMETERS = 30001;
    public static final int ERR_SVR_FRIENDSHIP_INVALID_SDKAPPID = 30002;
    public static final int ERR_SVR_FRIENDSHIP_ACCOUNT_NOT_FOUND = 30003;
    public static final int ERR_SVR_FRIENDSHIP_ADMIN_REQUIRED = 30004;
    public static final int ERR_SVR_FRIENDSHIP_SENSITIVE_TEXT = 30005;
    public static final int ERR_SVR_FRIENDSHIP_INTERNAL_ERROR = 30006;
    public static final int ERR_SVR_FRIENDSHIP_NET_TIMEOUT = 30007;
    public static final int ERR_SVR_FRIENDSHIP_WRITE_CONFLICT = 30008;
    public static final int ERR_SVR_FRIENDSHIP_ADD_FRIEND_DENY = 30009;
    public static final int ERR_SVR_FRIENDSHIP_COUNT_LIMIT = 30010;
    public static final int ERR_SVR_FRIENDSHIP_GROUP_COUNT_LIMIT = 30011;
    public static final int ERR_SVR_FRIENDSHIP_PENDENCY_LIMIT = 30012;
    public static final int ERR_SVR_FRIENDSHIP_BLACKLIST_LIMIT = 30013;
    public static final int ERR_SVR_FRIENDSHIP_PEER_FRIEND_LIMIT = 30014;
    public static final int ERR_SVR_FRIENDSHIP_IN_SELF_BLACKLIST = 30515;
    public static final int ERR_SVR_FRIENDSHIP_ALLOW_TYPE_DENY_ANY = 30516;
    public static final int ERR_SVR_FRIENDSHIP_IN_PEER_BLACKLIST = 30525;
    public static final int ERR_SVR_FRIENDSHIP_ALLOW_TYPE_NEED_CONFIRM = 30539;
    public static final int ERR_SVR_FRIENDSHIP_ADD_FRIEND_SEC_RSTR = 30540;
    public static final int ERR_SVR_FRIENDSHIP_PENDENCY_NOT_FOUND = 30614;
    public static final int ERR_SVR_FRIENDSHIP_DEL_NONFRIEND = 31704;
    public static final int ERR_SVR_FRIENDSHIP_DEL_FRIEND_SEC_RSTR = 31707;
    public static final int ERR_SVR_FRIENDSHIP_ACCOUNT_NOT_FOUND_EX = 31804;

    // The gateway about profiles.
    public static final int ERR_SVR_PROFILE_INVALID_PARAMETERS = 40001;
    public static final int ERR_SVR_PROFILE_ACCOUNT_MISS = 40002;
    public static final int ERR_SVR_PROFILE_ACCOUNT_NOT_FOUND = 40003;
    public static final int ERR_SVR_PROFILE_ADMIN_REQUIRED = 40004;
    public static final int ERR_SVR_PROFILE_SENSITIVE_TEXT = 40005;
    public static final int ERR_SVR_PROFILE_INTERNAL_ERROR = 40006;
    public static final int ERR_SVR_PROFILE_READ_PERMISSION_REQUIRED = 40007;
    public static final int ERR_SVR_PROFILE_WRITE_PERMISSION_REQUIRED = 40008;
    public static final int ERR_SVR_PROFILE_TAG_NOT_FOUND = 40009;
    public static final int ERR_SVR_PROFILE_SIZE_LIMIT = 40601;
    public static final int ERR_SVR_PROFILE_VALUE_ERROR = 40605;
    public static final int ERR_SVR_PROFILE_INVALID_VALUE_FORMAT = 40610;

    // The gateway about conversations.
    public static final int ERR_SVR_CONV_ACCOUNT_NOT_FOUND = 50001;
    public static final int ERR_SVR_CONV_INVALID_PARAMETERS = 50002;
    public static final int ERR_SVR_CONV_ADMIN_REQUIRED = 50003;
    public static final int ERR_SVR_CONV_INTERNAL_ERROR = 50004;
    public static final int ERR_SVR_CONV_NET_TIMEOUT = 50005;

    // The gateway about any call.
    public static final int ERR_SVR_COMM_INVALID_HTTP_URL = 60002;
    public static final int ERR_SVR_COMM_REQ_JSON_PARSE_FAILED = 60003;
    public static final int ERR_SVR_COMM_INVALID_ACCOUNT = 60004;
    public static final int ERR_SVR_COMM_INVALID_ACCOUNT_EX = 60005;
    public static final int ERR_SVR_COMM_INVALID_SDKAPPID = 60006;
    public static final int ERR_SVR_COMM_REST_FREQ_LIMIT = 60007;
    public static final int ERR_SVR_COMM_REQUEST_TIMEOUT = 60008;
    public static final int ERR_SVR_COMM_INVALID_RES = 60009;
    public static final int ERR_SVR_COMM_ID_NOT_ADMIN = 60010;
    public static final int ERR_SVR_COMM_SDKAPPID_FREQ_LIMIT = 60011;
    public static final int ERR_SVR_COMM_SDKAPPID_MISS = 60012;
    public static final int ERR_SVR_COMM_RSP_JSON_PARSE_FAILED = 60013;
    public static final int ERR_SVR_COMM_EXCHANGE_ACCOUNT_TIMEUT = 60014;
    public static final int ERR_SVR_COMM_INVALID_ID_FORMAT = 60015;
    public static final int ERR_SVR_COMM_SDKAPPID_FORBIDDEN = 60016;
    public static final int ERR_SVR_COMM_REQ_FORBIDDEN = 60017;
    public static final int ERR_SVR_COMM_REQ_FREQ_LIMIT = 60018;
    public static final int ERR_SVR_COMM_REQ_FREQ_LIMIT_EX = 60019;
    public static final int ERR_SVR_COMM_INVALID_SERVICE = 60020;
    public static final int ERR_SVR_COMM_SENSITIVE_TEXT = 80001;
    public static final int ERR_SVR_COMM_BODY_SIZE_LIMIT = 80002;

    // The gateway about accounts and their UserSig.
    public static final int ERR_SVR_ACCOUNT_USERSIG_EXPIRED = 70001;
    public static final int ERR_SVR_ACCOUNT_USERSIG_EMPTY = 70002;
    public static final int ERR_SVR_ACCOUNT_USERSIG_CHECK_FAILED = 70003;
    public static final int ERR_SVR_ACCOUNT_USERSIG_CHECK_FAILED_EX = 70005;
    public static final int ERR_SVR_ACCOUNT_USERSIG_MISMATCH_PUBLICKEY = 70009;
    public static final int ERR_SVR_ACCOUNT_USERSIG_MISMATCH_ID = 70013;
    public static final int ERR_SVR_ACCOUNT_USERSIG_MISMATCH_SDKAPPID = 70014;
    public static final int ERR_SVR_ACCOUNT_USERSIG_PUBLICKEY_NOT_FOUND = 70016;
    public static final int ERR_SVR_ACCOUNT_SDKAPPID_NOT_FOUND = 70020;
    public static final int ERR_SVR_ACCOUNT_FREQ_LIMIT = 70050;
    public static final int ERR_SVR_ACCOUNT_BLACKLIST = 70051;
    public static final int ERR_SVR_ACCOUNT_INVALID_USERSIG = 70052;
    public static final int ERR_LOGIN_SIG_EXPIRE = 70101;
    public static final int ERR_SVR_ACCOUNT_NOT_FOUND = 70107;
    public static final int ERR_SVR_ACCOUNT_SEC_RSTR = 70114;
    public static final int ERR_SVR_ACCOUNT_INTERNAL_TIMEOUT = 70169;
    public static final int ERR_SVR_ACCOUNT_INVALID_COUNT = 70206;
    public static final int ERR_SVR_ACCOUNT_COUNT_LIMIT = 70398;
    public static final int ERR_SVR_ACCOUNT_INVALID_PARAMETERS = 70402;
    public static final int ERR_SVR_ACCOUNT_ADMIN_REQUIRED = 70403;
    public static final int ERR_SVR_ACCOUNT_INTERNAL_ERROR = 70500;

    // Files, and older numbers.
    public static final int ERR_REQ_CONTENT_ATTACK = 80101;
    public static final int ERR_SDK_HAD_INITIALIZED = 90101;
    public static final int ERR_SVR_RES_NOT_FOUND = 114000;
    public static final int ERR_SVR_RES_ACCESS_DENY = 114001;
    public static final int ERR_SVR_RES_SIZE_LIMIT = 114002;
    public static final int ERR_SVR_RES_SEND_CANCEL = 114003;
    public static final int ERR_SVR_RES_READ_FAILED = 114004;
    public static final int ERR_SVR_RES_TRANSFER_TIMEOUT = 114005;
    public static final int ERR_SVR_RES_INVALID_PARAMETERS = 114011;
    public static final int ERR_OPENBDH_BASE = 115000;
    public static final int ERR_SVR_RES_INVALID_FILE_MD5 = 115066;
    public static final int ERR_SVR_RES_INVALID_PART_MD5 = 115068;
}
