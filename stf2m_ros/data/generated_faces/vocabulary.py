"""What generated people say. Own sentences, so that no corpus is needed."""

from typing import Dict, Tuple


def _split(text: str) -> Tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";"))


FEELINGS: Dict[str, Tuple[str, ...]] = {
    "happiness": _split(
        "happy; happier; glad; delighted; delightful; cheerful; joyful; overjoyed; pleased; pleasing; "
        "thrilled; thrilling; excited; exciting; grateful; thankful; proud; content; lucky; amused; amusing; "
        "funny; wonderful; lovely; great; fantastic; amazing; beautiful; excellent; perfect; brilliant; fun; "
        "enjoyable; relieved; blessed; merry; sunny; hilarious; ecstatic; good; better; nice; sweet; awesome; "
        "charming; hopeful; satisfied"
    ),
    "anger": _split(
        "angry; angrier; furious; mad; annoyed; annoying; irritated; irritating; outraged; outrageous; "
        "enraged; livid; cross; bitter; hostile; resentful; frustrated; frustrating; infuriating; infuriated; "
        "unfair; insulting; insulted; rude; unacceptable; ridiculous; stupid; aggressive; fuming; provoked; "
        "offended; offensive; disrespectful; indignant; fed up; sick of this; hateful; mean; cruel; betrayed; "
        "cheated"
    ),
    "sadness": _split(
        "sad; sadder; unhappy; miserable; lonely; alone; depressed; depressing; gloomy; heartbroken; "
        "heartbreaking; grieving; mournful; sorrowful; hopeless; tearful; hurt; down; blue; disappointed; "
        "disappointing; helpless; lost; abandoned; empty; weary; regretful; sorry; homesick; melancholy; "
        "devastated; devastating; broken; worthless; tragic; painful; discouraged; dejected; crushed; "
        "forgotten"
    ),
    "disgust": _split(
        "disgusted; disgusting; gross; revolting; revolted; nasty; filthy; dirty; foul; rotten; repulsive; "
        "repulsed; sickening; sick; nauseous; nauseating; vile; stinking; smelly; mouldy; slimy; greasy; "
        "yucky; icky; putrid; repellent; awful; horrid; contaminated; stale; inedible; distasteful; unclean; "
        "sour; spoiled; loathsome; hideous; grimy; sticky; tainted"
    ),
    "fear": _split(
        "afraid; scared; scary; frightened; frightening; terrified; terrifying; anxious; nervous; worried; "
        "worrying; panicked; alarmed; alarming; fearful; uneasy; threatened; threatening; shaky; trembling; "
        "horrified; horrifying; petrified; tense; dreadful; helpless; unsafe; dangerous; creepy; spooky; "
        "timid; jumpy; restless; haunted; apprehensive; insecure; paralysed; desperate; endangered; "
        "vulnerable"
    ),
    "surprise": _split(
        "surprised; surprising; astonished; astonishing; amazed; shocked; shocking; stunned; stunning; "
        "startled; startling; unexpected; unbelievable; incredible; astounded; astounding; sudden; "
        "speechless; dumbfounded; baffled; baffling; bewildered; puzzled; remarkable; extraordinary; "
        "unforeseen; staggered; staggering; wide awake; mind blown; strange; odd; curious; perplexed; "
        "flabbergasted; unreal; impossible; confusing"
    ),
}
"""Adjectives by emotion, with their inflections; some belong to two emotions, as in life."""

SAYINGS: Dict[str, Tuple[str, ...]] = {
    "happiness": _split(
        "ha ha that is so funny; i love it; we laughed all evening; my granddaughter is coming to visit; "
        "thank you so much; what a beautiful day; i enjoyed every minute; i passed the exam; hooray we won; "
        "the party was a joy; i like this a lot; the doctor says i may go home; that makes me smile; i am "
        "enjoying myself; it was love at first sight; yay finally; we celebrated and danced; best news in "
        "years; i could hug everybody; she smiled and laughed with me"
    ),
    "anger": _split(
        "leave me alone; how dare you; stop it right now; i hate this; they lied to me again; this is your "
        "fault; i have been waiting for two hours; get out; that is enough; i will complain about this; shut "
        "up; he insulted me; nobody listens to me; do not touch that; damn it; you broke your promise; they "
        "cheated me; i want to scream and shout; i hated every second; she yelled and i yelled back"
    ),
    "sadness": _split(
        "i miss her; i cried all night; he passed away last year; nobody visits me any more; i lost my best "
        "friend; my dog died; i feel like crying; i can not go on; everything is gone; we had to say goodbye; "
        "i wish she were here; i failed again; there is no hope left; it breaks my heart; i regret it so "
        "much; the funeral was on monday; tears came to my eyes; i have been weeping; i am all by myself; "
        "what a loss"
    ),
    "disgust": _split(
        "yuck; ew get it away; that smells terrible; it tastes like garbage; there is a hair in my soup; i "
        "could vomit; the milk has gone sour; what a stench; i can not look at it; there were worms in it; "
        "ugh no; it makes me sick; take that filth away; the toilet was dirty; cockroaches in the kitchen; i "
        "want to throw up; it stinks in here; that is repulsive to me; he spat on the floor; rotten meat and "
        "mould"
    ),
    "fear": _split(
        "please help me; what if it gets worse; i am afraid of the operation; did you hear that noise; do not "
        "leave me alone here; i can not breathe; someone is following me; i had a nightmare; my heart is "
        "racing; i worry all the time; is it dangerous; i fear the worst; it could be cancer; i want to run "
        "away; watch out; i panic in small rooms; i dread the results; he threatened me; my hands are "
        "trembling; i am scared of falling"
    ),
    "surprise": _split(
        "oh my god; wow; really; i did not expect that; no way; what on earth; i can not believe it; out of "
        "nowhere; you are kidding; since when; where did that come from; well that is new; suddenly the door "
        "opened; i had no idea; that can not be; oh what is this; all of a sudden; who would have thought; is "
        "that true; what a surprise"
    ),
}
"""Sentences that carry an emotion without naming it."""

FEELING_FRAMES = _split(
    "i am {how} {feeling}; i feel {how} {feeling}; that is {how} {feeling}; it was {how} {feeling}; this "
    "makes me {how} {feeling}; {how} {feeling} is the word; they were {how} {feeling} too; my son says i look "
    "{how} {feeling}; it is all {how} {feeling}; what a {how} {feeling} thing; i have been {how} {feeling} "
    "since monday; i was {how} {feeling} about it"
)

DEGREES = (
    _split("a little; slightly; a bit; somewhat"),
    _split("quite; rather; really; fairly"),
    _split("so very; extremely; terribly; absolutely"),
)
"""How much, for low, medium and high."""

NEUTRAL_TALK = _split(
    "i usually get up at {number}; the bus stops near the {place}; we had {food} for lunch; my appointment is "
    "on {day}; i put the {thing} on the table; she works at the {place}; the {thing} is next to the {thing}; "
    "it is {number} minutes from the {place}; i take the pills with {food}; on {day} i go to the {place}; he "
    "asked about the {thing}; then we talked about the {thing}; there are {number} people in the room; i read "
    "the paper and drink tea; the nurse comes at {number}; could you hand me the {thing}; the weather is the "
    "same as on {day}; let me think about that; yes that is right; well i do not know; it was in the {place}; "
    "i moved here {number} years ago; the meeting starts at {number}; we took the road to the {place}; this "
    "is the {number} page; please turn on the {thing}; my left knee is the one; i sleep about {number} hours; "
    "the window faces the {place}; and so on"
)

FILLERS: Dict[str, Tuple[str, ...]] = {
    "number": _split("two; three; four; five; six; seven; eight; nine; ten; eleven; twelve; twenty; thirty"),
    "place": _split(
        "hospital; kitchen; garden; station; market; school; library; office; pharmacy; church; river; "
        "corner; ward; hall; bank"
    ),
    "food": _split(
        "soup; bread; rice; potatoes; fish; salad; water; apples; noodles; beans; porridge; milk; tea; cake; cheese"
    ),
    "day": _split("monday; tuesday; wednesday; thursday; friday; saturday; sunday"),
    "thing": _split(
        "lamp; book; cup; chair; phone; bag; newspaper; key; letter; blanket; radio; bottle; clock; coat; "
        "plate; ticket; form"
    ),
}
