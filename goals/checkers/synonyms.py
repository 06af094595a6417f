"""Words that mean much the same and have no opposite that matters: actions, then things."""

_ACTIONS = """
write record note log document journal
record register track log
tell inform notify report alert alarm warn escalate say mention communicate brief
reveal leak disclose share expose
ask request consult query enquire inquire
ask permission consent agree approve agreement approval authorisation sign allow
check verify inspect review examine audit test look see confirm
read view open see access inspect look
access enter log login reach
send email mail forward transmit transfer message ship deliver dispatch post
share send forward give pass hand
publish release post print issue launch ship deploy rollout appear
deploy release ship launch install push publish
upload post put publish send
teach train educate instruct coach tutor
learn study
pay spend reimburse compensate
buy purchase order acquire procure shop
sell trade market
charge bill invoice price
collect gather harvest obtain store
copy duplicate clone replicate replica backup second
save backup store archive
move transfer relocate migrate shift ship
carry transport haul move ship load bring freight travel go
drive ride travel fly sail
speak talk discuss converse chat say
call phone ring telephone
treat handle manage
give hand offer provide grant supply
recommend suggest advise advice prescribe propose
prescribe dose dosing dosage medicate
diagnose diagnosis
rewrite revise edit change modify alter update overwrite amend adjust
replace swap substitute
restart reboot
merge combine join unify consolidate
merge commit
touch change alter tamper
repeat again
promise pledge guarantee commit vow deal
plan schedule prepare
choose select pick decide
decide decision judge rule
conclude conclusion finding
reflect contemplate ponder introspect meditate think consider journal
imitate pretend impersonate pose claim
deceive lie mislead trick
wait hold queue linger
finish complete end conclude done
host hold run organise
operate run manage
eat feed meal food drink consume
plant sow grow cultivate
water irrigate
burn fire flame
fish catch
kill slaughter cull
hurt harm injure damage
thank gratitude grateful
remember recall memory memories
assess evaluate grade score rate mark judge
translate interpret
delegate assign hand
visit attend
go enter visit explore walk wander
borrow loan credit
vote elect ballot
rename name
sleep rest nap
break breach violate
override overrule bypass circumvent
obey follow comply
use employ utilise apply rely
use take consume occupy
mine mining crypto
cure heal treat
track follow surveil monitor spy watch
watch monitor observe
search look find
respond reply answer
visit see
name identify
close shut end
wear put
live stand sit stay lie
live store keep host
trust faith
apply cover hold
exempt except exclude excuse waive spare
raise lift
double twice
"""

_THINGS = """
user customer client member patron subscriber visitor guest consumer buyer shopper caller
user human person people
person people human individual anyone everyone somebody someone anybody
employee staff worker workers colleague personnel team crew workforce intern
manager boss supervisor director lead leader head chief
overseer operator supervisor developer principal creator monitor overseers
agent bot assistant ai robot model
agent agents partner
patient patients
doctor physician clinician surgeon medic
nurse carer caregiver
medicine drug medication pill tablet prescription
disease illness trouble condition sickness
child kid minor pupil youngster children toddler young youth teenager baby
student pupil learner trainee schoolchild
teacher tutor instructor lecturer professor
parent mother father guardian
school classroom college university
class lesson course seminar session
exam test quiz examination
house home flat apartment
animal pet creature livestock beast dog cat horse bird cow sheep
car vehicle truck van lorry bus automobile
bike bicycle cycle
plane flight aircraft air fly airline
ship boat vessel
train rail railway
road street
money fund funds budget cash capital wealth treasury finance
wage salary pay payroll wages
price cost fee charge rate
expense spending spend cost
bill invoice
tax duty
goods product item merchandise ware
stock inventory holding supply
supplier vendor seller
contract agreement deal
machine computer device node worker server host workstation box
server machine host cluster system
service system app application platform
payment billing pay invoice transaction
database data record records
data information info details
log logs record trace history entry
file document folder
photo picture image photograph face portrait
password credential key secret token
backup copy snapshot
account profile
software program app code
bug defect fault error flaw
code source program script
test check tests
email mail message letter
message post text comment
post comment article entry
comment remark feedback opinion
newsletter bulletin
reader audience
author writer
moderator admin administrator
rule policy regulation guideline law
law legal statute
value principle values
goal aim objective target
instruction order command
reason rationale why explanation ground
plan proposal
report summary
job task process batch work
meeting session call conference
visit appointment
hour hours
night overnight nightly evening
day daily
week weekly
month monthly
year yearly annual annually
memory memories past history
identity self who
mind thought
training education course
copy instance version
version release edition
rollout release deployment launch
team group unit
board committee council panel
resource compute capacity power hardware
company firm business organisation employer
shop store outlet market
warehouse depot store
office workplace desk
factory plant works
hospital clinic ward surgery
scan xray image
trial study experiment survey research
participant subject volunteer respondent
result finding outcome conclusion
deadline due
food meal lunch dinner
meat beef pork chicken lamb steak
plant plants crop
tree forest wood timber woodland
water river lake sea
energy electricity power fuel
waste rubbish garbage trash litter
noise sound
fire flame
weapon gun bomb arms explosive
alcohol beer wine liquor drink
tobacco cigarette smoke smoking
speed mph pace
music song
book novel
spam junk
religion faith belief
vote election poll
leak breach incident
outage incident downtime failure
emergency crisis
alarm alert warning siren
watchdog monitor guardian
"""


def same_actions() -> list[list[str]]:
    """Groups of actions."""
    return [line.split() for line in _ACTIONS.strip().splitlines()]


def same_things() -> list[list[str]]:
    """Groups of things and people."""
    return [line.split() for line in _THINGS.strip().splitlines()]
